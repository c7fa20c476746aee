// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Errors;

/// <summary>Stable words for logs and metrics.</summary>
internal static class Tokens
{
    /// <summary>The members of an enumeration in snake_case, by value; their values count from 0.</summary>
    public static string[] Of<TEnum>()
        where TEnum : struct, Enum =>
        Array.ConvertAll(Enum.GetNames<TEnum>(), static name =>
            string.Concat(name.Select(static (c, i) => i > 0 && char.IsAsciiLetterUpper(c) ? "_" + char.ToLowerInvariant(c) : char.ToLowerInvariant(c).ToString())));
}
