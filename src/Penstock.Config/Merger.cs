// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Binding;
using Penstock.Config.Yaml;

namespace Penstock.Config;

/// <summary>
/// Makes one tree of several files: sections are joined key by key, lists are appended in reading order, entries of
/// mappings from names are united. What would be set twice is an error.
/// </summary>
internal sealed class Merger(DiagnosticSink sink)
{
    /// <summary>Adds a file's section to what was read before.</summary>
    /// <param name="into">The section so far; receives the other's entries.</param>
    /// <param name="from">The same section of a further file.</param>
    /// <param name="record">What the section is.</param>
    /// <param name="path">Where it stands.</param>
    public void Merge(MappingNode into, MappingNode from, RecordShape record, string path)
    {
        into.Incomplete |= from.Incomplete;
        foreach (var entry in from.Entries)
        {
            var at = path.Length == 0 ? entry.Key.Text : $"{path}.{entry.Key.Text}";
            var index = into.IndexOf(entry.Key.Text);
            if (index < 0)
            {
                into.Add(entry);
                continue;
            }

            var first = into.Entries[index];
            var shape = record.Properties.FirstOrDefault(p => string.Equals(p.Key, entry.Key.Text, StringComparison.Ordinal))?.Shape;
            Join(into, index, first, entry, shape, at);
        }
    }

    private void Join(MappingNode into, int index, MappingEntry first, MappingEntry second, Shape? shape, string path)
    {
        switch (first.Value, second.Value)
        {
            case (_, ScalarNode { IsNull: true }):
                return;
            case (ScalarNode { IsNull: true }, _):
                into.Replace(index, second.Value);
                return;
            case (MappingNode a, MappingNode b) when shape is RecordShape record:
                Merge(a, b, record, path);
                return;
            case (MappingNode a, MappingNode b) when shape is not (null or ScalarShape):
                Unite(a, b, path);
                return;
            case (SequenceNode a, SequenceNode b) when shape is not (null or ScalarShape):
                a.Items.AddRange(b.Items);
                return;
            default:
                SetTwice(first.Key, second.Key, path);
                return;
        }
    }

    private void Unite(MappingNode into, MappingNode from, string path)
    {
        into.Incomplete |= from.Incomplete;
        foreach (var entry in from.Entries)
        {
            if (into.IndexOf(entry.Key.Text) is >= 0 and var index)
                SetTwice(into.Entries[index].Key, entry.Key, $"{path}.{entry.Key.Text}");
            else
                into.Add(entry);
        }
    }

    private void SetTwice(ScalarNode first, ScalarNode second, string path) =>
        sink.Error(second, path, $"{Printable.Quote(second.Text)} a second time", $"it once; first at {first.File}:{first.Line}:{first.Column}");
}
