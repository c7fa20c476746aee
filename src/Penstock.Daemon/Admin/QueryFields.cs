// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>Fields of a request's query.</summary>
internal static class QueryFields
{
    /// <summary>Most characters of who asks and why.</summary>
    public const int LongestLine = 200;

    /// <summary>Whether a text can say who asks, or why.</summary>
    public static bool IsLine(string text) => text.Length <= LongestLine && !text.Any(char.IsControl);

    /// <summary>Reads <c>a=1&amp;b=two%20words</c>. Of a field that is there twice the first counts; one without a value is left out.</summary>
    public static Dictionary<string, string> Parse(string query) =>
        query.TrimStart('?').Split('&').Select(pair => pair.Split('=', 2)).Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0], StringComparer.Ordinal).ToDictionary(pair => pair.Key, pair => Uri.UnescapeDataString(pair.First()[1]), StringComparer.Ordinal);

    /// <summary>Writes them, with the question mark.</summary>
    public static string Write(params (string Name, string Value)[] fields) =>
        "?" + string.Join('&', fields.Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value)}"));
}
