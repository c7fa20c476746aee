// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Penstock.Model.L4;

namespace Penstock.Daemon.Admin;

/// <summary>A packet somebody asks about.</summary>
/// <param name="From">The client.</param>
/// <param name="To">Where it sends to, of the same family.</param>
/// <param name="Protocol">TCP or UDP.</param>
internal sealed record PacketQuestion(IPEndPoint From, IPEndPoint To, TransportProtocol Protocol)
{
    /// <summary>Reads a query such as <c>src=198.51.100.7:40000&amp;dst=203.0.113.10:443&amp;proto=tcp</c>.</summary>
    public static bool TryParse(string query, [NotNullWhen(true)] out PacketQuestion? question)
    {
        question = null;
        var parts = QueryFields.Parse(query);
        if (!IPEndPoint.TryParse(parts.GetValueOrDefault("src", ""), out var from) || !IPEndPoint.TryParse(parts.GetValueOrDefault("dst", ""), out var to)
            || from.AddressFamily != to.AddressFamily || to.Port == 0)
        {
            return false;
        }

        TransportProtocol? protocol = parts.GetValueOrDefault("proto", "tcp") switch { "tcp" => TransportProtocol.Tcp, "udp" => TransportProtocol.Udp, _ => null };
        if (protocol is null)
            return false;
        question = new PacketQuestion(from, to, protocol.Value);
        return true;
    }
}
