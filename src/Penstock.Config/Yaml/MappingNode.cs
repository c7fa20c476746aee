// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Yaml;

/// <summary>Keys and values, in file order; keys are unique.</summary>
internal sealed class MappingNode(string file, int line, int column) : Node(file, line, column)
{
    private const int LinearUpTo = 16;

    private readonly List<MappingEntry> _entries = [];
    private Dictionary<string, int>? _index;

    /// <summary>The entries.</summary>
    public IReadOnlyList<MappingEntry> Entries => _entries;

    /// <summary>Whether reading broke off within it, or something in it was refused: a key that is missing may have been meant to follow.</summary>
    public bool Incomplete { get; set; }

    /// <summary>Position of a key among the entries; -1: not there.</summary>
    public int IndexOf(string key)
    {
        if (_index is not null)
            return _index.GetValueOrDefault(key, -1);

        return _entries.FindIndex(e => string.Equals(e.Key.Text, key, StringComparison.Ordinal));
    }

    /// <summary>The value of a key; null: not there.</summary>
    public Node? Find(string key) => IndexOf(key) is >= 0 and var i ? _entries[i].Value : null;

    /// <summary>Appends an entry whose key is not there yet.</summary>
    public void Add(MappingEntry entry)
    {
        _index?.Add(entry.Key.Text, _entries.Count);
        _entries.Add(entry);
        if (_index is null && _entries.Count > LinearUpTo)
            _index = _entries.Select((e, i) => (e.Key.Text, i)).ToDictionary(p => p.Text, p => p.i, StringComparer.Ordinal);
    }

    /// <summary>Puts another value in place of the one at an index.</summary>
    public void Replace(int index, Node value) => _entries[index] = _entries[index] with { Value = value };

    /// <inheritdoc/>
    public override string Describe() => "a mapping";
}
