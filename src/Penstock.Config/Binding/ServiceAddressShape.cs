// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;
using Penstock.Model.L4;

namespace Penstock.Config.Binding;

/// <summary>What an L4 service listens on: <c>tcp://203.0.113.10:443</c>, a range of ports, or all with <c>*</c>.</summary>
internal sealed class ServiceAddressShape : ScalarShape
{
    /// <inheritdoc/>
    public override string Expected =>
        "a protocol, an address and ports such as \"tcp://203.0.113.10:443\", \"udp://[2001:db8::1]:5000-5999\" or \"tcp://203.0.113.10:*\"";

    /// <inheritdoc/>
    public override string TypeName => "service address";

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) =>
        new() { ["type"] = "string", ["pattern"] = "^(tcp|udp|sctp)://([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):(\\*|[0-9]{1,5}(-[0-9]{1,5})?)$" };

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar)
    {
        var text = scalar.Text;
        TransportProtocol? protocol =
            text.StartsWith("tcp://", StringComparison.Ordinal) ? TransportProtocol.Tcp
            : text.StartsWith("udp://", StringComparison.Ordinal) ? TransportProtocol.Udp
            : text.StartsWith("sctp://", StringComparison.Ordinal) ? TransportProtocol.Sctp
            : null;
        if (protocol is not { } found)
            return Parsed.Bad(suggestion: text.Contains("://", StringComparison.Ordinal) ? null : "tcp://" + text);

        var rest = text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var colon = rest.LastIndexOf(':');
        if (colon < 0)
            return Parsed.Bad("a port after the address");
        if (!TryHost(rest[..colon], out var address))
            return Parsed.Bad();
        if (!HostAddressShape.IsHost(address))
            return Parsed.Bad("the address of one host");
        return TryPorts(rest[(colon + 1)..], out var first, out var last)
            ? Parsed.Ok(new ServiceAddress(found, address, first, last))
            : Parsed.Bad("a port from 1 to 65535, a range such as 5000-5999, or *");
    }

    private static bool TryHost(string text, out IPAddress address)
    {
        var isBracketed = text.StartsWith('[') && text.EndsWith(']');
        var host = isBracketed ? text[1..^1] : text;
        return AddressText.TryParse(host, out address) && isBracketed == host.Contains(':', StringComparison.Ordinal) && !host.Contains('%', StringComparison.Ordinal);
    }

    private static bool TryPorts(string text, out int first, out int last)
    {
        (first, last) = (0, ushort.MaxValue);
        if (text is "*")
            return true;
        var (least, greatest) = RangeText.Split(text);
        var isRead = AddressText.TryPort(least, out first) & AddressText.TryPort(greatest, out last);
        return isRead && first > 0 && first <= last;
    }
}
