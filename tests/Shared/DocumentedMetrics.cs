// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Penstock.Tests;

/// <summary>Names of metrics, as a document lists them and as a meter has them.</summary>
internal static class DocumentedMetrics
{
    /// <summary>Those under one of its headings.</summary>
    /// <param name="document">Its name in docs.</param>
    /// <param name="heading">The heading.</param>
    public static string[] In(string document, string heading = "Metrics")
    {
        var text = File.ReadAllText(Path.Combine(Folder(), "..", "..", "docs", document));
        var list = text[text.IndexOf($"\n## {heading}\n", StringComparison.Ordinal)..];
        return [.. Regex.Matches(list, "`(?<name>penstock_[a-z0-9_]+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture).Select(match => match.Groups["name"].Value)];
    }

    /// <summary>Those of a meter, by the names that a scrape has.</summary>
    /// <param name="meter">Its name.</param>
    /// <param name="make">Makes it; null: there is one.</param>
    public static string[] Of(string meter, Func<IDisposable>? make = null)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (!string.Equals(instrument.Meter.Name, meter, StringComparison.Ordinal))
                    return;
                lock (names)
                    names.Add(instrument.Name.Replace('.', '_') + (instrument.Unit is "s" ? "_seconds" : "") + (instrument is ObservableCounter<long> ? "_total" : ""));
            },
        };
        listener.Start();
        using var made = make?.Invoke();
        lock (names)
            return [.. names];
    }

    private static string Folder([CallerFilePath] string thisFile = "") => Path.GetDirectoryName(thisFile)!; // A source file has a directory.
}
