// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;

namespace Penstock.Telemetry.Prometheus;

/// <summary>Tags of a measurement as the inside of a label list, <c>cluster="a",le="0.5"</c>: sorted by name, escaped, each name once.</summary>
internal static class LabelSet
{
    private const string BucketBound = "le";

    /// <summary>All tags.</summary>
    public static string Format(ReadOnlySpan<KeyValuePair<string, object?>> tags) => Format(tags, without: null);

    /// <summary>The tags of one bucket of a histogram: its bound apart from the rest.</summary>
    /// <returns>False: there is no tag <c>le</c> that is a number.</returns>
    public static bool TrySplitBucket(ReadOnlySpan<KeyValuePair<string, object?>> tags, out string rest, out double bound)
    {
        rest = "";
        bound = 0;
        foreach (var tag in tags)
        {
            if (!string.Equals(tag.Key, BucketBound, StringComparison.Ordinal))
                continue;

            var text = Convert.ToString(tag.Value, CultureInfo.InvariantCulture);
            bound = text is "+Inf" ? double.PositiveInfinity : 0;
            if (text is not "+Inf" && !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out bound))
                return false;

            rest = Format(tags, BucketBound);
            return true;
        }

        return false;
    }

    private static string Format(ReadOnlySpan<KeyValuePair<string, object?>> tags, string? without)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var tag in tags)
        {
            if (!string.Equals(tag.Key, without, StringComparison.Ordinal))
                sorted[MetricName.Sanitize(tag.Key)] = Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "";
        }

        var text = new StringBuilder();
        foreach (var (name, value) in sorted)
            text.Append(text.Length == 0 ? "" : ",").Append(name).Append("=\"").Append(Escape(value)).Append('"');

        return text.ToString();
    }

    private static string Escape(string value) => value.AsSpan().ContainsAny('\\', '"', '\n')
        ? value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
        : value;
}
