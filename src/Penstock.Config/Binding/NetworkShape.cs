// SPDX-License-Identifier: Apache-2.0
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;

namespace Penstock.Config.Binding;

/// <summary>A network in CIDR form, or one address.</summary>
internal sealed class NetworkShape : ScalarShape
{
    /// <inheritdoc/>
    public override string Expected => "a network such as 10.0.0.0/8 or \"fd00::/8\", or one IP address";

    /// <inheritdoc/>
    public override string TypeName => "network";

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) =>
        new() { ["type"] = "string", ["pattern"] = "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$" };

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar) => Parse(scalar.Text);

    /// <summary>Reads a network.</summary>
    public static Parsed Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var host = slash < 0 ? text : text[..slash];
        if (!AddressText.TryParse(host, out var address) || host.Contains('%', StringComparison.Ordinal))
            return Parsed.Bad();

        var bits = address.GetAddressBytes().Length * 8;
        var length = bits;
        if (slash >= 0 && (!AddressText.TryPort(text[(slash + 1)..], out length) || length > bits))
            return Parsed.Bad($"a prefix length from 0 to {bits}");

        var network = AddressText.Network(address, length);
        return network.BaseAddress.Equals(address)
            ? Parsed.Ok(network)
            : Parsed.Bad("a network without host bits", $"{network.BaseAddress}/{length}");
    }
}
