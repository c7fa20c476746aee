// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace Penstock.L7.Routing;

/// <summary>A regular expression over whole paths, in time linear in the path (RegexOptions.NonBacktracking).</summary>
internal sealed class PathRegex
{
    private const int StackChars = 256;

    // One for each thread: a Regex keeps one runner for reuse, and where two threads meet the second allocates.
    private readonly ThreadLocal<Regex> _regex;
    private readonly ConcurrentBag<Regex> _prepared = [];

    /// <summary>Compiles a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="threads">Threads that will use it: for so many it is made ready now, not at their first request.</param>
    /// <exception cref="ArgumentException">It is not a regular expression.</exception>
    /// <exception cref="NotSupportedException">It needs backreferences or lookaround, which cannot be had in linear time.</exception>
    public PathRegex(string pattern, int threads)
    {
        string anchored = $@"\A(?:{pattern})\z";
        for (int i = 0; i < threads; i++)
        {
            _prepared.Add(Parse(anchored));
        }

        _regex = new ThreadLocal<Regex>(() => _prepared.TryTake(out Regex? regex) ? regex : Parse(anchored));
    }

    /// <summary>Whether the whole of a path matches. Bytes that are not UTF-8 count as U+FFFD.</summary>
    [SkipLocalsInit]
    public bool IsMatch(ReadOnlySpan<byte> path)
    {
        char[]? rented = path.Length > StackChars ? ArrayPool<char>.Shared.Rent(path.Length) : null;
        Span<char> text = rented ?? stackalloc char[StackChars];
        Utf8.ToUtf16(path, text, out _, out int length);
        bool matches = _regex.Value!.IsMatch(text[..length]); // The factory returns no null.
        if (rented is not null)
        {
            ArrayPool<char>.Shared.Return(rented);
        }

        return matches;
    }

    private static Regex Parse(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Regex.InfiniteMatchTimeout);
}
