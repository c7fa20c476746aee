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
    /// <summary>Whether its protocol is UDP.</summary>
    public bool IsUdp { get; init; }

    /// <summary>Chooses a port of a protocol that has a number.</summary>
    /// <param name="ports">Those there are.</param>
    /// <param name="name">Its name; null: there is one only.</param>
    /// <param name="isUdp">Whether it is to be of UDP; else of TCP.</param>
    /// <returns>null: there is none, or several.</returns>
    public static int? Choose(IReadOnlyList<ServicePort> ports, string? name, bool isUdp = false)
    {
        var fitting = ports.Where(port => (isUdp ? port.IsUdp : port.IsTcp) && port.Number is not null && (name is null || string.Equals(port.Name, name, StringComparison.Ordinal))).ToArray();
        return fitting.Length == 1 ? fitting[0].Number : null;
    }

    /// <summary>Names of ports of a protocol, for people.</summary>
    public static string Names(IReadOnlyList<ServicePort> ports, bool isUdp = false) =>
        string.Join(", ", ports.Where(port => isUdp ? port.IsUdp : port.IsTcp).Select(port => port.Name.Length > 0 ? port.Name : "one without a name")) is { Length: > 0 } names ? names : isUdp ? "none of UDP" : "none of TCP";
}
