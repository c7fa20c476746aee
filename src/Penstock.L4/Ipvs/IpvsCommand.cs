// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Ipvs;

/// <summary>One change of what the kernel holds.</summary>
/// <param name="Kind">What is to be done.</param>
/// <param name="Service">The service.</param>
/// <param name="Destination">Its destination; null: the change is the service's own.</param>
internal sealed record IpvsCommand(IpvsCommandKind Kind, IpvsService Service, IpvsDestination? Destination = null)
{
    /// <inheritdoc/>
    public override string ToString()
    {
        var verb = Kind switch { IpvsCommandKind.Add => "add", IpvsCommandKind.Change => "change", _ => "remove" };
        return Destination is null ? $"{verb} service {Service.Key} ({Service.Scheduler})" : $"{verb} destination {Destination.Key} of {Service.Key}";
    }
}
