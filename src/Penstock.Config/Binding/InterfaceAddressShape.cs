// SPDX-License-Identifier: Apache-2.0
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;
using Penstock.Model.Vrrp;

namespace Penstock.Config.Binding;

/// <summary>An address for an interface: <c>203.0.113.10/24</c>, or without a prefix for itself alone.</summary>
internal sealed class InterfaceAddressShape : ScalarShape
{
    /// <inheritdoc/>
    public override string Expected => "an address with a prefix length such as 203.0.113.10/24 or \"2001:db8::10/64\"";

    /// <inheritdoc/>
    public override string TypeName => "interface address";

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) =>
        new() { ["type"] = "string", ["pattern"] = "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$" };

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar)
    {
        var text = scalar.Text;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!AddressText.TryParse(slash < 0 ? text : text[..slash], out var address) || text.Contains('%', StringComparison.Ordinal))
            return Parsed.Bad();
        if (!HostAddressShape.IsHost(address))
            return Parsed.Bad("the address of one host");

        var bits = address.GetAddressBytes().Length * 8;
        var length = bits;
        return slash < 0 || (AddressText.TryPort(text[(slash + 1)..], out length) && length > 0 && length <= bits)
            ? Parsed.Ok(new InterfaceAddress(address, length))
            : Parsed.Bad($"a prefix length from 1 to {bits}");
    }
}
