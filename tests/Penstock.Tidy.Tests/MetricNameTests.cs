// SPDX-License-Identifier: Apache-2.0
using System.Text.RegularExpressions;

namespace Penstock.Tidy.Tests;

/// <summary>Documents, rules and dashboards name metrics that there are, and documents name all of them.</summary>
public sealed partial class MetricNameTests
{
    private static readonly string[] Shipped = ["packaging/prometheus/", "packaging/grafana/"];

    [Fact]
    public void Names_InDocumentsRulesAndDashboards_AreDefinedByTheSources()
    {
        var records = Named(AlertRuleTests.Rules, Record()).Select(one => one.Name).ToHashSet(StringComparer.Ordinal);
        records.ShouldNotBeEmpty();

        Documents().Concat(Repository.Files.Where(path => Shipped.Any(folder => path.StartsWith(folder, StringComparison.Ordinal))))
            .Append(AlertRuleTests.Cases)
            .SelectMany(path => Named(path, Use()))
            .Where(one => !IsDefined(one.Name) && !records.Contains(one.Name))
            .Select(one => $"{one.Path}:{one.Line}: {one.Name}, which no source defines")
            .ShouldBeEmpty();
    }

    [Fact]
    public void Metrics_OfTheSources_AreNamedInDocuments()
    {
        var named = Documents().SelectMany(path => Named(path, Use())).Select(one => one.Name).ToHashSet(StringComparer.Ordinal);

        MetricSources.Names.Where(name => !named.Contains(name)).Order(StringComparer.Ordinal).ShouldBeEmpty("docs/metrics.md has those that no other document has");
    }

    /// <summary>What is read from the sources, by examples of each way to define one.</summary>
    [Theory]
    [InlineData("penstock_http_request_duration_seconds_bucket")]
    [InlineData("penstock_http_request_duration_seconds_count")]
    [InlineData("penstock_http_request_body_bytes_total")]
    [InlineData("penstock_tcp_connection_duration_seconds_total")]
    [InlineData("penstock_l4_drop_bytes_total")]
    [InlineData("penstock_l4_backend_share")]
    [InlineData("penstock_reload_last_timestamp_seconds")]
    [InlineData("penstock_reloads_total")]
    [InlineData("penstock_bgp_session_up")]
    [InlineData("penstock_access_log_written_bytes_total")]
    [InlineData("penstock_metrics_overflowed_total")]
    [InlineData("process_open_fds")]
    public void Sources_AreRead(string name) => MetricSources.Names.ShouldContain(name);

    private static IEnumerable<string> Documents() =>
        Repository.WithEnding(".md").Where(path => path.StartsWith("docs/", StringComparison.Ordinal) || path == "README.md");

    // A name that ends in an underscore stands for all that begin so.
    private static bool IsDefined(string name) =>
        MetricSources.Names.Contains(name) || (name.EndsWith('_') && MetricSources.Names.Any(one => one.StartsWith(name, StringComparison.Ordinal)));

    private static IEnumerable<(string Path, int Line, string Name)> Named(string path, Regex pattern)
    {
        var lines = Repository.Read(path).Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            foreach (Match match in pattern.Matches(lines[i]))
                yield return (path, i + 1, match.Groups["name"].Value);
        }
    }

    [GeneratedRegex(@"\b(?<name>(?:penstock|process|dotnet)_[a-z][a-z0-9_]*|penstock:[a-z][a-z0-9_]*:[a-z0-9_]+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Use();

    [GeneratedRegex(@"\brecord: (?<name>[a-z0-9_:]+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Record();
}
