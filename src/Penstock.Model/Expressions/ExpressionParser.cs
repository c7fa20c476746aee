// SPDX-License-Identifier: Apache-2.0
using System.Globalization;

namespace Penstock.Model.Expressions;

/// <summary>
/// Reads regular expressions as .NET, RE2 and Perl write them, without what cannot be evaluated in linear time. Groups capture nothing, and
/// since whole texts are matched, greedy and lazy are one.
/// </summary>
internal ref struct ExpressionParser
{
    /// <summary>Groups within groups, at most.</summary>
    internal const int MaxDepth = 100;

    private readonly string _text;
    private int _at;
    private int _depth;
    private Flags _flags;

    private ExpressionParser(string text) => _text = text;

    [Flags]
    private enum Flags
    {
        None = 0,
        IgnoreCase = 1,
        Multiline = 2,
        Singleline = 4,
        IgnoreSpace = 8,
    }

    private readonly bool AtEnd => _at >= _text.Length;

    /// <summary>Parses a whole expression.</summary>
    /// <exception cref="ExpressionException">It is none, or one that is not taken.</exception>
    internal static Syntax Parse(string text)
    {
        var parser = new ExpressionParser(text);
        var syntax = parser.ReadChoice();
        return parser.AtEnd ? syntax : throw parser.Wrong("a closing parenthesis without an opening one");
    }

    private Syntax ReadChoice()
    {
        var parts = new List<Syntax>();
        do
            parts.Add(ReadSequence());
        while (Take('|'));
        return parts.Count == 1 ? parts[0] : new Syntax.Choice([.. parts]);
    }

    private Syntax ReadSequence()
    {
        var parts = new List<Syntax>();
        while (true)
        {
            SkipSpace();
            if (AtEnd || _text[_at] is '|' or ')')
                return parts.Count == 1 ? parts[0] : parts.Count == 0 ? new Syntax.Empty() : new Syntax.Sequence([.. parts]);

            if (ReadOne() is { } part)
                parts.Add(ReadRepeat(part));
        }
    }

    /// <summary>Reads one part, not yet what repeats it.</summary>
    /// <returns>Null: options or a comment, which nothing can repeat.</returns>
    private Syntax? ReadOne()
    {
        var first = _text[_at++];
        switch (first)
        {
            case '(':
                return ReadGroup();
            case '[':
                return new Syntax.One(ClassParser.Read(_text, ref _at, IgnoresCase));
            case '\\':
                return ReadEscape();
            case '.':
                return new Syntax.One(_flags.HasFlag(Flags.Singleline) ? RuneSet.Any : RuneSet.Newline.Complement());
            case '^':
                return new Syntax.Assert(_flags.HasFlag(Flags.Multiline) ? Condition.LineStart : Condition.TextStart);
            case '$':
                return new Syntax.Assert(_flags.HasFlag(Flags.Multiline) ? Condition.LineEnd : Condition.TextEnd);
            case '*' or '+' or '?':
                throw Wrong("a repetition of nothing", 1);
            case '{' when IsCount(_at - 1):
                throw Wrong("a repetition of nothing", 1);
            default:
                return Literal(EscapeParser.Rune(_text, ref _at, first));
        }
    }

    private readonly bool IgnoresCase => _flags.HasFlag(Flags.IgnoreCase);

    private readonly Syntax.One Literal(int rune) => new(IgnoresCase ? UnicodeSets.IgnoreCase(RuneSet.Of(rune)) : RuneSet.Of(rune));

    private Syntax ReadEscape()
    {
        if (AtEnd)
            throw Wrong("a backslash at the end", 1);

        switch (_text[_at])
        {
            case 'A':
                _at++;
                return new Syntax.Assert(Condition.TextStart);
            case 'z':
                _at++;
                return new Syntax.Assert(Condition.TextEnd);
            case 'b':
                _at++;
                return new Syntax.Assert(Condition.WordBorder);
            case 'B':
                _at++;
                return new Syntax.Assert(Condition.NoWordBorder);
            case 'Z' or 'G':
                throw Wrong($"\\{_text[_at]}, which is not known here; the end of the text is \\z", 1);
            case (>= '1' and <= '9') or 'k':
                throw Wrong("a backreference, which cannot be evaluated in linear time", 1);
            default:
                return EscapeParser.TrySet(_text, ref _at) is { } set
                    ? new Syntax.One(IgnoresCase ? UnicodeSets.IgnoreCase(set) : set)
                    : Literal(EscapeParser.Character(_text, ref _at));
        }
    }

    private Syntax? ReadGroup()
    {
        var opened = _at - 1;
        var outer = _flags;
        if (Take('?') && !ReadGroupKind(opened))
            return null;

        if (++_depth > MaxDepth)
            throw new ExpressionException($"more than {MaxDepth} groups within one another", opened);

        var syntax = ReadChoice();
        if (!Take(')'))
            throw new ExpressionException("a parenthesis that is not closed", opened);

        _depth--;
        _flags = outer;
        return syntax;
    }

    /// <summary>Reads what follows <c>(?</c>.</summary>
    /// <param name="opened">Where the group begins.</param>
    /// <returns>Whether the content of a group follows; otherwise it was a comment, or options for what follows, and is over.</returns>
    private bool ReadGroupKind(int opened)
    {
        if (Take('#'))
        {
            var end = _text.IndexOf(')', _at);
            if (end < 0)
                throw new ExpressionException("a comment that is not closed", opened);
            _at = end + 1;
            return false;
        }

        if (AtEnd)
            throw new ExpressionException("a parenthesis that is not closed", opened);

        switch (_text[_at])
        {
            case '=' or '!':
                throw new ExpressionException("lookaround, which cannot be evaluated in linear time", opened);
            case '<' when _at + 1 < _text.Length && _text[_at + 1] is '=' or '!':
                throw new ExpressionException("lookaround, which cannot be evaluated in linear time", opened);
            case '>':
                throw new ExpressionException("an atomic group, which cannot be evaluated in linear time", opened);
            case '(':
                throw new ExpressionException("a condition, which cannot be evaluated in linear time", opened);
            case '<':
                SkipName(opened, '>');
                return true;
            case '\'':
                SkipName(opened, '\'');
                return true;
            case 'P' when _at + 1 < _text.Length && _text[_at + 1] == '<':
                _at++;
                SkipName(opened, '>');
                return true;
            default:
                return ReadOptions(opened);
        }
    }

    private void SkipName(int opened, char end)
    {
        var begin = ++_at;
        while (!AtEnd && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_'))
            _at++;
        if (_at == begin || !Take(end))
            throw new ExpressionException("a group whose name is not of letters, digits and '_'", opened);
    }

    /// <summary>Reads options such as <c>i-s</c>.</summary>
    /// <returns>Whether they are for a group that begins here; otherwise they are for what follows.</returns>
    private bool ReadOptions(int opened)
    {
        var on = true;
        while (true)
        {
            if (AtEnd)
                throw new ExpressionException("a parenthesis that is not closed", opened);

            var option = _text[_at++];
            switch (option)
            {
                case ':':
                    return true;
                case ')':
                    return false;
                case '-':
                    on = false;
                    break;
                default:
                    var flag = option switch
                    {
                        'i' => Flags.IgnoreCase,
                        'm' => Flags.Multiline,
                        's' => Flags.Singleline,
                        'x' => Flags.IgnoreSpace,
                        'n' => Flags.None, // which groups capture says nothing here
                        _ => throw new ExpressionException("a group of an unknown kind", opened),
                    };
                    _flags = on ? _flags | flag : _flags & ~flag;
                    break;
            }
        }
    }

    private Syntax ReadRepeat(Syntax part)
    {
        SkipSpace();
        if (AtEnd)
            return part;

        switch (_text[_at])
        {
            case '*':
                _at++;
                part = new Syntax.Repeat(part, 0, Most: null);
                break;
            case '+':
                _at++;
                part = new Syntax.Repeat(part, 1, Most: null);
                break;
            case '?':
                _at++;
                part = new Syntax.Repeat(part, 0, 1);
                break;
            case '{' when IsCount(_at):
                part = ReadCount(part);
                break;
            default:
                return part;
        }

        SkipSpace();
        Take('?'); // lazy
        SkipSpace();
        if (!AtEnd && (_text[_at] is '*' or '+' or '?' || IsCount(_at)))
            throw Wrong("a repetition of a repetition; put the first into a group");
        return part;
    }

    /// <summary>Whether {n}, {n,} or {n,m} stands there; other braces stand for themselves.</summary>
    private readonly bool IsCount(int at)
    {
        if (at >= _text.Length || _text[at] != '{')
            return false;

        var digits = 0;
        var comma = false;
        for (at++; at < _text.Length; at++)
        {
            if (char.IsAsciiDigit(_text[at]))
                digits++;
            else if (_text[at] == ',' && digits > 0 && !comma)
                comma = true;
            else
                return _text[at] == '}' && digits > 0;
        }

        return false;
    }

    private Syntax.Repeat ReadCount(Syntax part)
    {
        var begin = _at;
        var end = _text.IndexOf('}', _at);
        var bounds = _text[(_at + 1)..end].Split(',');
        _at = end + 1;
        if (!int.TryParse(bounds[0], NumberStyles.None, CultureInfo.InvariantCulture, out var least))
            throw new ExpressionException("a count beyond all bounds", begin);

        int? most = least;
        if (bounds.Length == 2)
        {
            most = null;
            if (bounds[1].Length > 0)
                most = int.TryParse(bounds[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new ExpressionException("a count beyond all bounds", begin);
        }

        if (most < least)
            throw new ExpressionException("a count whose upper bound is below its lower", begin);
        return new Syntax.Repeat(part, least, most);
    }

    /// <summary>With (?x): passes white space and comments.</summary>
    private void SkipSpace()
    {
        while (true)
        {
            if (_flags.HasFlag(Flags.IgnoreSpace))
            {
                while (!AtEnd && char.IsWhiteSpace(_text[_at]))
                    _at++;
                if (!AtEnd && _text[_at] == '#')
                {
                    var end = _text.IndexOf('\n', _at);
                    _at = end < 0 ? _text.Length : end + 1;
                    continue;
                }
            }

            return;
        }
    }

    private bool Take(char expected)
    {
        if (AtEnd || _text[_at] != expected)
            return false;
        _at++;
        return true;
    }

    private readonly ExpressionException Wrong(string message, int before = 0) => new(message, _at - before);
}
