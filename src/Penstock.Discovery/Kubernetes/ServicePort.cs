// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Discovery.Kubernetes;

/// <summary>A port of an EndpointSlice or of a Service.</summary>
/// <param name="Name">Its name; empty: the only one of its Service.</param>
/// <param name="Number">The number to connect to, in a Service the node port; null: none.</param>
/// <param name="IsTcp">Whether its protocol is TCP.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ServicePort(string Name, int? Number, bool IsTcp)
{
    /// <summary>Chooses a port of TCP that has a number.</summary>
    /// <param name="ports">Those there are.</param>
    /// <param name="name">Its name; null: there is one only.</param>
    /// <returns>null: there is none, or several.</returns>
    public static int? Choose(IReadOnlyList<ServicePort> ports, string? name)
    {
        var fitting = ports.Where(port => port is { IsTcp: true, Number: not null } && (name is null || string.Equals(port.Name, name, StringComparison.Ordinal))).ToArray();
        return fitting.Length == 1 ? fitting[0].Number : null;
    }

    /// <summary>Names of ports of TCP, for people.</summary>
    public static string Names(IReadOnlyList<ServicePort> ports) =>
        string.Join(", ", ports.Where(port => port.IsTcp).Select(port => port.Name.Length > 0 ? port.Name : "one without a name")) is { Length: > 0 } names ? names : "none of TCP";
}
