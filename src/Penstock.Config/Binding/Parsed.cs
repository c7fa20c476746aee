// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Config.Binding;

/// <summary>What came of reading a scalar: a value, or what was wrong with it.</summary>
/// <param name="Value">The value; null on failure.</param>
/// <param name="Found">What was found; null: the text as it stands.</param>
/// <param name="Expected">What was expected; null: what the shape expects in general.</param>
/// <param name="Suggestion">What to write instead.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Parsed(object? Value, string? Found, string? Expected, string? Suggestion)
{
    /// <summary>A value.</summary>
    public static Parsed Ok(object value) => new(value, Found: null, Expected: null, Suggestion: null);

    /// <summary>A failure.</summary>
    public static Parsed Bad(string? expected = null, string? suggestion = null, string? found = null) => new(Value: null, found, expected, suggestion);
}
