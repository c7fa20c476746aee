// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;

namespace Penstock.Config.Binding;

/// <summary>The IP address of one host, without a port.</summary>
internal sealed class HostAddressShape : ScalarShape
{
    /// <inheritdoc/>
    public override string Expected => "an IP address such as 10.0.0.1 or \"2001:db8::1\"";

    /// <inheritdoc/>
    public override string TypeName => "IP address";

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) =>
        new() { ["type"] = "string", ["pattern"] = "^[0-9A-Fa-f:.]+$" };

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar)
    {
        if (AddressText.TryParse(scalar.Text, out var address) && !scalar.Text.Contains('%', StringComparison.Ordinal))
            return IsHost(address) ? Parsed.Ok(address) : Parsed.Bad("the address of one host");
        var colon = scalar.Text.LastIndexOf(':');
        return colon > 0 && AddressText.TryParse(scalar.Text[..colon], out _) ? Parsed.Bad("an IP address without a port", scalar.Text[..colon]) : Parsed.Bad();
    }

    /// <summary>Whether an address may be that of one host, in its plain form.</summary>
    internal static bool IsHost(IPAddress address) =>
        !address.IsIPv6Multicast && !address.IsIPv4MappedToIPv6 && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)
        && (address.AddressFamily != AddressFamily.InterNetwork || address.GetAddressBytes()[0] < 224);
}
