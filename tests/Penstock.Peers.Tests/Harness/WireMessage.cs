// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.Peers.Tests.Harness;

/// <summary>One HTTP/1 message as it was on the wire, read by rules of the tests' own, not the product's.</summary>
internal sealed class WireMessage
{
    /// <summary>From the text of a head, its closing empty line included.</summary>
    public WireMessage(string head)
    {
        Head = head;
        var lines = head[..^4].Split("\r\n");
        StartLine = lines[0];
        Fields = [.. lines.Skip(1).Select(Field)];
    }

    /// <summary>The head as text, each byte a Latin-1 character.</summary>
    public string Head { get; }

    /// <summary>Request line or status line.</summary>
    public string StartLine { get; }

    /// <summary>Fields in order of appearance.</summary>
    public IReadOnlyList<(string Name, string Value)> Fields { get; }

    /// <summary>Body with chunked framing removed.</summary>
    public byte[] Body { get; set; } = [];

    /// <summary>Body as Latin-1 text.</summary>
    public string Text => Encoding.Latin1.GetString(Body);

    /// <summary>Trailer fields.</summary>
    public IReadOnlyList<(string Name, string Value)> Trailers { get; set; } = [];

    /// <summary>Whether the body ended where its framing said.</summary>
    public bool Complete { get; set; }

    /// <summary>The status code of a response.</summary>
    public int Status => int.Parse(StartLine.AsSpan(9, 3));

    /// <summary>Whether the body is chunked.</summary>
    public bool Chunked => string.Equals(Value("Transfer-Encoding"), "chunked", StringComparison.OrdinalIgnoreCase);

    /// <summary>Content-Length, or null.</summary>
    public long? ContentLength => Value("Content-Length") is { } value ? long.Parse(value) : null;

    /// <summary>Value of a field that appears at most once; null: it does not appear.</summary>
    public string? Value(string name) => Values(name).SingleOrDefault();

    /// <summary>Values of a field, in order.</summary>
    public IEnumerable<string> Values(string name) =>
        Fields.Where(field => string.Equals(field.Name, name, StringComparison.OrdinalIgnoreCase)).Select(field => field.Value);

    /// <summary>Name and value of one field line.</summary>
    public static (string Name, string Value) Field(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (line, "") : (line[..colon], line[(colon + 1)..].Trim(' ', '\t'));
    }
}
