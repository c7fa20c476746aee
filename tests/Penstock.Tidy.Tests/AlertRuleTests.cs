// SPDX-License-Identifier: Apache-2.0
using System.Text.RegularExpressions;

namespace Penstock.Tidy.Tests;

/// <summary>The shipped rules of Prometheus: they are taken, they fire when they should, and each alert has its section in docs/operations.md.</summary>
public sealed partial class AlertRuleTests
{
    internal const string Rules = "packaging/prometheus/penstock.rules.yaml";
    internal const string Cases = "tests/Penstock.Tidy.Tests/penstock.rules.test.yaml";
    private const string Operations = "docs/operations.md";

    [PromtoolFact]
    public void Rules_PassPromtoolsCheck() => Promtool("check", "rules", Rules);

    [PromtoolFact]
    public void Rules_OnHostsThatAreIllAndWell_FireAndDoNot() => Promtool("test", "rules", Cases);

    [Fact]
    public void Alerts_LeadToTheirSections_AndEachSectionIsOfAnAlert()
    {
        var rules = Repository.Read(Rules);
        var alerts = Alert().Matches(rules).Select(match => match.Groups["name"].Value).ToList();

        alerts.ShouldNotBeEmpty();
        alerts.ShouldBeUnique();
        Runbook().Matches(rules).Select(match => match.Groups["target"].Value).ShouldBe(alerts.Select(name => $"/usr/share/doc/penstock/operations.md#{name.ToLowerInvariant()}"), "a runbook for each alert, in order");
        Section().Matches(Repository.Read(Operations)).Select(match => match.Groups["name"].Value).ShouldBe(alerts, "the sections of docs/operations.md, in the order of the rules");
    }

    [Fact]
    public void Alerts_AreAllInTheCases()
    {
        var cases = Repository.Read(Cases);

        Alert().Matches(Repository.Read(Rules)).Select(match => match.Groups["name"].Value)
            .Where(name => !cases.Contains($"alertname=\"{name}\"", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    internal static void Promtool(params string[] arguments)
    {
        var (code, output) = Repository.Run(PromtoolFactAttribute.Program, arguments);
        code.ShouldBe(0, output);
    }

    [GeneratedRegex(@"^ +- alert: (?<name>\w+)$", RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Alert();

    [GeneratedRegex(@"^ +runbook: (?<target>\S+)$", RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Runbook();

    [GeneratedRegex(@"^### (?<name>Penstock\w+)$", RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Section();
}
