// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Text.Json.Nodes;
using Penstock.Config.Reading;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;
using Penstock.Model.L4;

namespace Penstock.Config.Binding;

/// <summary>Networks of clients: <c>192.0.2.0/24</c>, or the absolute path of a file of them, which is read with the configuration.</summary>
internal sealed class SourceSetShape : ScalarShape
{
    /// <inheritdoc/>
    public override string Expected => "a network such as 192.0.2.0/24, or the absolute path of a file of them";

    /// <inheritdoc/>
    public override string TypeName => "network or file path";

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new() { ["type"] = "string" };

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar)
    {
        if (scalar.Text.StartsWith('/'))
            return SourceFile.Read(scalar.Text);
        var parsed = NetworkShape.Parse(scalar.Text);
        return parsed.Value is IPNetwork network ? Parsed.Ok(new SourceSet(scalar.Text, [SourcePrefix.Of(network)])) : parsed with { Expected = parsed.Expected ?? Expected };
    }
}
