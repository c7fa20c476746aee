// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Text;

namespace Penstock.Model.Observability;

/// <summary>A parsed access log format: <c>json</c>, or text with <c>%{field}</c> placeholders, where <c>%%</c> stands for one percent sign.</summary>
public sealed record AccessLogFormat
{
    /// <summary>One JSON object a line, with every field.</summary>
    public const string JsonName = "json";

    private AccessLogFormat(ImmutableArray<AccessLogSegment> segments) => Segments = segments;

    /// <summary>Whether lines are JSON objects.</summary>
    public bool IsJson => Segments.IsEmpty;

    /// <summary>Pieces of a line, in order; empty for JSON.</summary>
    public ImmutableArray<AccessLogSegment> Segments { get; }

    /// <summary>Parses a format.</summary>
    /// <param name="text">The format as configured.</param>
    /// <param name="format">The result.</param>
    /// <param name="error">What is wrong, for people; empty on success.</param>
    /// <param name="position">Index in <paramref name="text"/> of what is wrong: of the name for an unknown field.</param>
    public static bool TryParse(string text, out AccessLogFormat format, out string error, out int position)
    {
        format = new AccessLogFormat([]);
        error = "";
        position = 0;
        if (string.Equals(text, JsonName, StringComparison.Ordinal))
            return true;

        var segments = ImmutableArray.CreateBuilder<AccessLogSegment>();
        var literal = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]))
                return Fail($"control character U+{(int)text[i]:X4}; a line must stay one line", i, out error, out position);

            if (text[i] != '%')
            {
                literal.Append(text[i]);
                continue;
            }

            if (i + 1 < text.Length && text[i + 1] == '%')
            {
                literal.Append('%');
                i++;
                continue;
            }

            var end = i + 1 < text.Length && text[i + 1] == '{' ? text.IndexOf('}', i) : -1;
            if (end < 0)
                return Fail("'%' that is neither %{field} nor %%", i, out error, out position);

            if (!AccessLogFields.TryParse(text.AsSpan(i + 2, end - i - 2), out var field))
                return Fail($"unknown field '{text.AsSpan(i + 2, end - i - 2)}'", i + 2, out error, out position);

            AddLiteral(segments, literal);
            segments.Add(new AccessLogSegment(Text: null, field));
            i = end;
        }

        if (segments.Count == 0)
            return Fail("no %{field} in the format", 0, out error, out position);

        AddLiteral(segments, literal);
        format = new AccessLogFormat(segments.ToImmutable());
        return true;
    }

    private static void AddLiteral(ImmutableArray<AccessLogSegment>.Builder segments, StringBuilder literal)
    {
        if (literal.Length > 0)
            segments.Add(new AccessLogSegment(literal.ToString(), default));

        literal.Clear();
    }

    private static bool Fail(string what, int where, out string error, out int position)
    {
        error = what;
        position = where;
        return false;
    }
}
