// SPDX-License-Identifier: Apache-2.0
using System.Text.Json.Nodes;
using Penstock.Config.Schema;

namespace Penstock.Config.Tests;

public sealed class ShippedFilesTests
{
    [Fact]
    public void DefaultFile_Loaded_IsClean()
    {
        var result = ConfigLoader.Load(Some.RepositoryFile("packaging/etc/penstock/penstock.yaml"));
        result.Lines().ShouldBeEmpty();
        var listener = result.Config.ShouldNotBeNull().L7.Listeners.ShouldHaveSingleItem();
        listener.Bind.ToString().ShouldBe("127.0.0.1:8080");
        result.Config.L7.Routes["welcome"][0].Respond!.Body.ShouldContain("penstock check");
    }

    [Fact]
    public void DefaultFile_ExampleUncommented_IsClean()
    {
        var text = File.ReadAllText(Some.RepositoryFile("packaging/etc/penstock/penstock.yaml"));
        var example = text[text.IndexOf("# l7:", StringComparison.Ordinal)..];
        var lines = example.Split('\n').Select(l => l.Length > 2 ? l[2..] : "");
        Some.Parse(string.Join('\n', lines)).Lines().ShouldBeEmpty();
    }

    [Fact]
    public void Documentation_FullExample_IsClean()
    {
        var text = File.ReadAllText(Some.RepositoryFile("docs/configuration.md"));
        var start = text.IndexOf("```yaml\n", StringComparison.Ordinal) + 8;
        Some.Parse(text[start..text.IndexOf("```", start, StringComparison.Ordinal)]).Lines().ShouldBeEmpty();
    }

    [Fact]
    public void Documentation_KeyTables_AreThoseOfTheModel()
    {
        var path = Some.RepositoryFile("docs/configuration.md");
        var text = File.ReadAllText(path);
        var prose = text[..(text.IndexOf("## Keys\n\n", StringComparison.Ordinal) + 9)];
        var expected = prose + KeyReference.ToMarkdown().TrimEnd('\n') + "\n";
        if (Environment.GetEnvironmentVariable("PENSTOCK_UPDATE_DOCS") is "1")
            File.WriteAllText(path, expected);
        else
            text.ShouldBe(expected, "run this test with PENSTOCK_UPDATE_DOCS=1 to bring the tables up to date");
    }

    [Fact]
    public void Schema_EveryReference_IsDefined()
    {
        var schema = JsonNode.Parse(SchemaExporter.Export())!.AsObject();
        schema["$schema"]!.GetValue<string>().ShouldBe("https://json-schema.org/draft/2020-12/schema");
        var definitions = schema["$defs"]!.AsObject().Select(d => $"#/$defs/{d.Key}").ToArray();
        References(schema).Distinct(StringComparer.Ordinal).ShouldBe(definitions, ignoreOrder: true);
        schema["properties"]!["shutdown_timeout"]!["default"]!.GetValue<string>().ShouldBe("30s");
        schema["$defs"]!["ListenerConfig"]!["additionalProperties"]!.GetValue<bool>().ShouldBeFalse();
        schema["$defs"]!["ListenerConfig"]!["required"]!.ToJsonString().ShouldBe("[\"name\",\"bind\"]");
        schema["$defs"]!["EndpointConfig"]!["properties"]!["weight"]!["maximum"]!.GetValue<long>().ShouldBe(65535);
        schema["$defs"]!["ListenerLimits"]!["properties"]!["headers"]!["description"]!.GetValue<string>().ShouldContain("Kestrel");
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject o => o.SelectMany(p => p.Key is "$ref" ? [p.Value!.GetValue<string>()] : References(p.Value)),
        JsonArray a => a.SelectMany(References),
        _ => [],
    };
}
