// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Yaml;

/// <summary>A single value.</summary>
internal sealed class ScalarNode(string file, int line, int column, string text, bool quoted) : Node(file, line, column)
{
    /// <summary>Its text, escapes resolved.</summary>
    public string Text { get; } = text;

    /// <summary>Whether it is quoted or a block scalar, and so text whatever it looks like.</summary>
    public bool Quoted { get; } = quoted;

    /// <summary>Whether it is empty, <c>~</c> or <c>null</c> (YAML 1.2 core schema).</summary>
    public bool IsNull => !Quoted && Text is "" or "~" or "null" or "Null" or "NULL";

    /// <inheritdoc/>
    public override string Describe() => IsNull ? "nothing" : Quoted ? $"text {Printable.Quote(Text)}" : Printable.Quote(Text);
}
