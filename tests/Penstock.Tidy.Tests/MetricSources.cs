// SPDX-License-Identifier: Apache-2.0
using System.Text.RegularExpressions;

namespace Penstock.Tidy.Tests;

/// <summary>The metrics that the sources define, by the names that a scrape has.</summary>
internal static partial class MetricSources
{
    private const string Sources = "src/";
    private const string Collector = "src/Penstock.Telemetry/Prometheus/";
    private const string Bucket = ".bucket";

    private static readonly string[] Parts = [Bucket, ".sum", ".count"];

    /// <summary>All of them: instruments of meters, and what the collector adds by itself.</summary>
    public static IReadOnlySet<string> Names { get; } = Read();

    private static HashSet<string> Read()
    {
        var instruments = new List<(string Name, string Kind, string Unit)>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in Repository.WithEnding(".cs").Where(file => file.StartsWith(Sources, StringComparison.Ordinal)))
        {
            var text = Repository.Read(path);
            foreach (Match match in Instrument().Matches(text))
            {
                var call = Call(text, text.IndexOf('(', match.Index));
                instruments.Add((match.Groups["name"].Value, match.Groups["kind"].Value, Unit().Match(call).Groups["unit"].Value));
            }

            if (!path.StartsWith(Collector, StringComparison.Ordinal))
                continue;
            foreach (Match match in Own().Matches(text))
                names.Add(match.Groups["name"].Value);
        }

        var histograms = instruments.Where(one => one.Name.EndsWith(Bucket, StringComparison.Ordinal)).Select(one => one.Name[..^Bucket.Length]).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, kind, unit) in instruments)
            names.UnionWith(NamesOf(name, kind, Suffix(unit), histograms));
        return names;
    }

    // As Penstock.Telemetry's MetricName and MetricsCollector have it.
    private static IEnumerable<string> NamesOf(string instrument, string kind, string unit, HashSet<string> histograms)
    {
        var ending = Array.Find(Parts, one => instrument.EndsWith(one, StringComparison.Ordinal) && histograms.Contains(instrument[..^one.Length]));
        if (ending is not null)
            return [WithUnit(instrument[..^ending.Length], unit) + ending.Replace('.', '_')];
        if (kind == "Histogram")
            return Parts.Select(one => WithUnit(instrument, unit) + one.Replace('.', '_'));
        return [WithUnit(instrument, unit) + (kind == "Counter" ? "_total" : "")];
    }

    private static string WithUnit(string instrument, string unit)
    {
        var name = instrument.Replace('.', '_');
        return unit.Length == 0 || name.EndsWith(unit, StringComparison.Ordinal) ? name : name + unit;
    }

    private static string Suffix(string unit) => unit switch
    {
        "s" => "_seconds",
        "By" => "_bytes",
        "%" => "_percent",
        _ => "",
    };

    // From a parenthesis to the one that closes it; those in strings do not count.
    private static string Call(string text, int start)
    {
        var depth = 0;
        var isString = false;
        for (var i = start; i < text.Length; i++)
        {
            if (text[i] == '"' && text[i - 1] != '\\')
                isString = !isString;
            if (isString)
                continue;
            if (text[i] == '(')
                depth++;
            if (text[i] == ')')
                depth--;
            if (depth == 0)
                return text[start..i];
        }

        return text[start..];
    }

    [GeneratedRegex(@"\b(?:Create(?:Observable)?)?(?<kind>Counter|Gauge|UpDownCounter|Histogram)(?:<\w+>)?\(\s*""(?<name>penstock\.[a-z0-9_.]+)""", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Instrument();

    [GeneratedRegex(@",\s*(?:unit:\s*)?""(?<unit>s|By|%)""", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Unit();

    [GeneratedRegex(@"""(?<name>(?:penstock|process|dotnet)_[a-z0-9_]+)""", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Own();
}
