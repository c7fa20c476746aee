// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.Telemetry.Prometheus;

/// <summary>Names of instruments as Prometheus has them: <c>penstock.l7.request.duration</c> in <c>s</c> is <c>penstock_l7_request_duration_seconds</c>.</summary>
internal static class MetricName
{
    /// <summary>The name of a metric family.</summary>
    /// <param name="instrument">Name of the instrument.</param>
    /// <param name="unit">UCUM unit, as OpenTelemetry writes units; null or in braces: none.</param>
    /// <param name="type">Type; counters end in _total.</param>
    public static string For(string instrument, string? unit, MetricType type)
    {
        var name = Sanitize(instrument);
        if (type == MetricType.Counter && name.EndsWith("_total", StringComparison.Ordinal))
            name = name[..^"_total".Length];

        var suffix = UnitSuffix(unit);
        if (suffix.Length > 0 && !name.EndsWith("_" + suffix, StringComparison.Ordinal))
            name += "_" + suffix;

        return type == MetricType.Counter ? name + "_total" : name;
    }

    /// <summary>A valid label or metric name: everything but letters, digits and underscores becomes an underscore.</summary>
    public static string Sanitize(string name)
    {
        var text = new StringBuilder(name.Length + 1);
        foreach (var c in name)
            text.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');

        if (text.Length == 0 || char.IsAsciiDigit(text[0]))
            text.Insert(0, '_');

        return text.ToString();
    }

    private static string UnitSuffix(string? unit) => unit switch
    {
        null or "" or "1" => "",
        "s" => "seconds",
        "By" => "bytes",
        "%" => "percent",
        ['{', ..] => "",
        _ => Sanitize(unit),
    };
}
