// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Runtime.InteropServices;
using Penstock.Config.Yaml;

namespace Penstock.Config.Checks;

/// <summary>A place in the configuration: its node, or the nearest one above it when it is not written.</summary>
/// <param name="Node">The node.</param>
/// <param name="Path">The place, such as <c>l7.listeners[0].bind</c>.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Cursor(Node Node, string Path)
{
    /// <summary>The value of a key.</summary>
    public Cursor this[string key] =>
        new((Node as MappingNode)?.Find(key) ?? Node, Path.Length == 0 ? key : $"{Path}.{key}");

    /// <summary>An item of a list; one that stands alone is its own first item.</summary>
    public Cursor this[int index] =>
        new(Node is SequenceNode sequence ? sequence.Items[index] : Node, string.Create(CultureInfo.InvariantCulture, $"{Path}[{index}]"));

    /// <summary>Whether a mapping was not read whole, so that a missing key means nothing.</summary>
    public bool Incomplete => Node is MappingNode { Incomplete: true };

    /// <summary>Whether a key is written with a value.</summary>
    public bool Has(string key) =>
        Node is MappingNode mapping && mapping.Find(key) is { } value && value is not ScalarNode { IsNull: true };

    /// <summary>File, line and column, for a message about another place.</summary>
    public string Where => $"{Node.File}:{Node.Line}:{Node.Column}";

    /// <summary>The key's own position, where the message is about the name rather than its value.</summary>
    public Cursor AtKey(string key) =>
        Node is MappingNode mapping && mapping.IndexOf(key) is >= 0 and var i
            ? new Cursor(mapping.Entries[i].Key, $"{Path}.{key}")
            : this[key];
}
