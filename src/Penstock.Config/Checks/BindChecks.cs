// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.Model;

namespace Penstock.Config.Checks;

/// <summary>No two sockets may claim the same address.</summary>
internal static class BindChecks
{
    /// <summary>Checks listeners, the metrics listener, the channel of the peers and the admin socket against each other.</summary>
    public static void Run(ApplianceConfig config, Cursor root, DiagnosticSink sink)
    {
        var taken = new Dictionary<int, List<(SocketEndpoint Address, Cursor At)>>();
        if (config.Admin.Socket is { } socket)
            Claim(SocketEndpoint.Unix(socket), root["admin"]["socket"], taken, sink);

        if (config.Metrics is { } metrics)
            Claim(metrics.Bind, root["metrics"]["bind"], taken, sink);

        if (config.Peers is { } peers)
            Claim(peers.Listen, root["peers"]["listen"], taken, sink);

        for (var i = 0; i < config.L7.Listeners.Length; i++)
        {
            if (config.L7.Listeners[i] is { } listener)
                Claim(listener.Bind, root["l7"]["listeners"][i]["bind"], taken, sink);
        }
    }

    private static void Claim(SocketEndpoint address, Cursor at, Dictionary<int, List<(SocketEndpoint Address, Cursor At)>> taken, DiagnosticSink sink)
    {
        // Port 0 is one of the kernel's choice, and overlaps nothing.
        if (address.UnixPath is null && (address.Address is null || address.Port == 0))
            return;

        if (!taken.TryGetValue(address.Port, out var rivals))
            taken[address.Port] = rivals = [];

        foreach (var (other, where) in rivals)
        {
            if (!Overlap(address, other))
                continue;

            sink.Error(at.Node, at.Path, $"address {address}, which overlaps {where.Path} ({other}) at {where.Where}", "an address of its own");
            return;
        }

        rivals.Add((address, at));
    }

    private static bool Overlap(SocketEndpoint a, SocketEndpoint b)
    {
        if (a.Address is not { } one || b.Address is not { } two)
            return a.UnixPath is not null && string.Equals(a.UnixPath, b.UnixPath, StringComparison.Ordinal);

        return Covers(one, two) || Covers(two, one);
    }

    /// <summary>Whether a socket bound to one address takes what is sent to another.</summary>
    /// <param name="wide">The socket's address, or that of all hosts.</param>
    /// <param name="narrow">The other.</param>
    internal static bool Covers(IPAddress wide, IPAddress narrow)
    {
        if (wide.IsIPv4MappedToIPv6)
            wide = wide.MapToIPv4();

        if (narrow.IsIPv4MappedToIPv6)
            narrow = narrow.MapToIPv4();

        return wide.Equals(IPAddress.IPv6Any)
            || (wide.Equals(IPAddress.Any) && narrow.AddressFamily == AddressFamily.InterNetwork)
            || wide.Equals(narrow);
    }
}
