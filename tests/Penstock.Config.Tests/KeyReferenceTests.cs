// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Config.Binding;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;
using Penstock.Model;

namespace Penstock.Config.Tests;

/// <summary>Examples of the reference: each key has one, and it can be written so.</summary>
public sealed class KeyReferenceTests
{
    [Fact]
    public void EveryKey_HasAnExample_ThatIsAValueOfIt()
    {
        var faults = Keys(ShapeCatalog.Of(typeof(ApplianceConfig)), "").Select(key => Fault(key.Path, key.Property)).OfType<string>().Distinct(StringComparer.Ordinal);

        string.Join('\n', faults).ShouldBeEmpty();
    }

    [Fact]
    public void NoCellOfAnExample_IsEmpty() => KeyReference.ToMarkdown().ShouldNotContain("|  |");

    private static string? Fault(string path, RecordProperty property)
    {
        if (KeyReference.Example(property) is not { } example)
            return $"{path} has none";
        var sink = new DiagnosticSink();
        sink.BeginFile("example");
        if (new YamlReader(sink).Read("example", Encoding.UTF8.GetBytes($"{property.Key}: {example}\n")) is not MappingNode { Entries: [var entry] })
            return $"{path}: {example} is not YAML";
        property.Shape.Bind(entry.Value, path, sink);
        string[] faults = [.. sink.ToSorted().Select(fault => fault.ToString()).Where(fault => !fault.Contains("cannot open the file", StringComparison.Ordinal))]; // which is the reader's own
        return faults.Length > 0 ? string.Join('\n', faults) : null;
    }

    private static IEnumerable<(string Path, RecordProperty Property)> Keys(RecordShape record, string path)
    {
        foreach (var property in record.Properties)
        {
            var own = path.Length == 0 ? property.Key : $"{path}.{property.Key}";
            yield return (own, property);
            var shape = property.Shape;
            while (shape is IContainerShape container)
                shape = container.Item;
            if (shape is not RecordShape inner)
                continue;
            foreach (var key in Keys(inner, own))
                yield return key;
        }
    }
}
