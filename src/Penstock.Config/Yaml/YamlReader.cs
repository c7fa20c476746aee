// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using System.Text;
using Penstock.Config.Reading;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Penstock.Config.Yaml;

/// <summary>
/// Builds nodes from parser events, without recursion and within limits. Takes the plain part of YAML: one document of
/// mappings, lists and scalars; anchors, aliases, tags, merge keys and complex keys are refused.
/// </summary>
internal sealed class YamlReader(DiagnosticSink sink)
{
    private readonly Stack<OpenContainer> _open = new();
    private string _file = "";
    private Node? _root;
    private int _nodes;

    /// <summary>Reads one file's text, in UTF-8. What follows a syntax error is not read; what stood before it is returned.</summary>
    /// <returns>The root; null for a file without content.</returns>
    public Node? Read(string file, ReadOnlyMemory<byte> text)
    {
        _file = file;
        _root = null;
        using var characters = Characters(text);
        var scanner = new Scanner(characters, skipComments: true);
        var parser = new Parser(scanner);
        try
        {
            while (parser.MoveNext())
            {
                if (!Take(parser.Current!) || sink.IsFull) // Current is set whenever MoveNext returned true.
                    return BreakOff();
            }
        }
        catch (YamlException e)
        {
            ReportSyntax(text.Span, e.Start, e.End, e.Message);
            return BreakOff();
        }
        catch (Exception e) when (e is not (OutOfMemoryException or YamlException))
        {
            // The parser throws InvalidOperationException and the like on some input, without a position.
            ReportSyntax(text.Span, scanner.CurrentPosition, scanner.CurrentPosition, "a list or mapping in brackets is not closed, or the lines do not fit together");
            return BreakOff();
        }

        return _root;
    }

    private bool Take(ParsingEvent e)
    {
        switch (e)
        {
            case DocumentStart when _root is not null:
                sink.Error(_file, Line(e.Start), Column(e.Start), "", "a second document", "one document in a file");
                return false;
            case AnchorAlias alias:
                sink.Error(_file, Line(e.Start), Column(e.Start), "", $"alias {Printable.Quote("*" + alias.Value)}", "the value itself: aliases are not supported");
                Attach(new RefusedNode(_file, Line(e.Start), Column(e.Start)));
                return true;
            case Scalar scalar:
                CheckProperties(scalar);
                Attach(new ScalarNode(_file, Line(e.Start), Column(e.Start), scalar.Value, scalar.Style != ScalarStyle.Plain));
                return WithinLimits(e);
            case SequenceStart start:
                CheckProperties(start);
                return Open(new SequenceNode(_file, Line(e.Start), Column(e.Start)), e);
            case MappingStart start:
                CheckProperties(start);
                return Open(new MappingNode(_file, Line(e.Start), Column(e.Start)), e);
            case SequenceEnd or MappingEnd:
                Attach(_open.Pop().Node);
                return true;
            default:
                return true;
        }
    }

    private bool Open(Node node, ParsingEvent e)
    {
        if (_open.TryPeek(out var parent) && parent is { Node: MappingNode, AwaitsValue: false })
            sink.Error(node, "", $"{node.Describe()} as a key", "a name");

        _open.Push(new OpenContainer(node));
        return WithinLimits(e);
    }

    private bool WithinLimits(ParsingEvent e)
    {
        var problem =
            _open.Count > ReadLimits.Depth ? $"nesting deeper than {ReadLimits.Depth} levels"
            : ++_nodes > ReadLimits.Nodes ? $"more than {ReadLimits.Nodes} values in all files together"
            : null;
        if (problem is null)
            return true;

        sink.Error(_file, Line(e.Start), Column(e.Start), "", problem);
        return false;
    }

    private void CheckProperties(NodeEvent e)
    {
        if (!e.Anchor.IsEmpty)
            sink.Error(_file, Line(e.Start), Column(e.Start), "", $"anchor {Printable.Quote("&" + e.Anchor.Value)}", "no anchor: anchors and aliases are not supported");

        if (!e.Tag.IsEmpty)
            sink.Error(_file, Line(e.Start), Column(e.Start), "", $"tag {Printable.Quote(e.Tag.IsNonSpecific ? "!" : e.Tag.Value)}", "no tag: tags are not supported");
    }

    private void Attach(Node node)
    {
        if (!_open.TryPeek(out var parent))
        {
            _root = node;
            return;
        }

        if (parent.Node is SequenceNode sequence)
            sequence.Items.Add(node);
        else if (parent.AwaitsValue)
            AttachValue((MappingNode)parent.Node, parent, node); // A container is a list or a mapping.
        else
            AttachKey((MappingNode)parent.Node, parent, node);
    }

    private void AttachKey(MappingNode mapping, OpenContainer parent, Node node)
    {
        parent.AwaitsValue = true;
        parent.Key = node as ScalarNode;
        if (parent.Key is { Text: "<<", Quoted: false } merge)
        {
            sink.Error(merge, "", "merge key '<<'", "the keys themselves: merge keys are not supported");
            parent.Key = null;
        }

        mapping.Incomplete |= parent.Key is null;
    }

    private void AttachValue(MappingNode mapping, OpenContainer parent, Node node)
    {
        parent.AwaitsValue = false;
        if (parent.Key is not { } key)
            return;

        if (mapping.IndexOf(key.Text) is >= 0 and var first)
        {
            var other = mapping.Entries[first].Key;
            sink.Error(key, "", $"key {Printable.Quote(key.Text)} a second time", $"it once; first at line {other.Line}, column {other.Column}");
        }
        else
        {
            mapping.Add(new MappingEntry(key, node));
        }
    }

    private Node? BreakOff()
    {
        sink.Incomplete = true;
        while (_open.TryPop(out var container))
        {
            if (container.Node is MappingNode mapping)
                mapping.Incomplete = true;

            if (_open.TryPeek(out var parent) && parent is { Node: MappingNode, AwaitsValue: false })
                continue;

            Attach(container.Node);
        }

        return _root;
    }

    private void ReportSyntax(ReadOnlySpan<byte> text, Mark at, Mark end, string message)
    {
        // The parser's marks may stand at the line before or after the tab.
        foreach (var number in new[] { Line(at), Line(end), Line(at) + 1 })
        {
            var line = LineText(text, number);
            var tab = line[..^line.TrimStart(" \t\r"u8).Length].IndexOf((byte)'\t');
            if (tab < 0)
                continue;

            sink.Error(_file, number, tab + 1, "", "a tab in the indentation", "spaces");
            return;
        }

        sink.Error(_file, Line(at), Column(at), "", $"a YAML syntax error: {message.TrimEnd('.')}");
    }

    private static StreamReader Characters(ReadOnlyMemory<byte> text)
    {
        var bytes = MemoryMarshal.TryGetArray(text, out var array) ? array : text.ToArray();
        return new StreamReader(new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count), Encoding.UTF8, detectEncodingFromByteOrderMarks: false); // neither of the two gives a segment without an array
    }

    private static ReadOnlySpan<byte> LineText(ReadOnlySpan<byte> text, int line)
    {
        while (--line > 0 && text.IndexOf((byte)'\n') is >= 0 and var end)
            text = text[(end + 1)..];

        return text.IndexOf((byte)'\n') is >= 0 and var length ? text[..length] : text;
    }

    private static int Line(Mark mark) => (int)Math.Max(1, mark.Line);

    private static int Column(Mark mark) => (int)Math.Max(1, mark.Column);
}
