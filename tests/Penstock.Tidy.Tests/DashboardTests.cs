// SPDX-License-Identifier: Apache-2.0
using System.Text;
using System.Text.Json;

namespace Penstock.Tidy.Tests;

/// <summary>The shipped dashboard of Grafana.</summary>
public sealed class DashboardTests : IDisposable
{
    private const string Dashboard = "packaging/grafana/penstock.json";

    private readonly JsonDocument _document = JsonDocument.Parse(Repository.Read(Dashboard));

    private JsonElement.ArrayEnumerator Panels => _document.RootElement.GetProperty("panels").EnumerateArray();

    public void Dispose() => _document.Dispose();

    [Fact]
    public void Panels_HaveNumbersAndPlacesOfTheirOwn()
    {
        Panels.Select(panel => panel.GetProperty("id").GetInt32()).ShouldBeUnique();

        var cells = new HashSet<(int X, int Y)>();
        foreach (var panel in Panels)
        {
            var place = panel.GetProperty("gridPos");
            var (x, y) = (place.GetProperty("x").GetInt32(), place.GetProperty("y").GetInt32());
            var (width, height) = (place.GetProperty("w").GetInt32(), place.GetProperty("h").GetInt32());
            (x + width).ShouldBeLessThanOrEqualTo(24, "Grafana's grid has 24 columns");
            for (var column = x; column < x + width; column++)
            {
                for (var row = y; row < y + height; row++)
                    cells.Add((column, row)).ShouldBeTrue($"{panel.GetProperty("title").GetString()} lies over another panel at {column}, {row}");
            }
        }
    }

    [Fact]
    public void Panels_GoByTheVariables()
    {
        foreach (var expression in Expressions())
            expression.ShouldContain("job=~\"$job\", instance=~\"$instance\"");
    }

    [PromtoolFact]
    public void Expressions_PassPromtoolsCheck()
    {
        var rules = new StringBuilder("groups:\n  - name: panels\n    rules:\n");
        var number = 0;
        foreach (var expression in Expressions())
            rules.Append("      - record: panel:").Append(number++).Append("\n        expr: '").Append(expression.Replace("$__rate_interval", "5m", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)).Append("'\n");

        var file = Path.GetTempFileName();
        File.WriteAllText(file, rules.ToString());
        try
        {
            AlertRuleTests.Promtool("check", "rules", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private List<string> Expressions()
    {
        var expressions = new List<string>();
        foreach (var panel in Panels)
        {
            if (!panel.TryGetProperty("targets", out var targets))
                continue;
            expressions.AddRange(targets.EnumerateArray().Select(target => target.GetProperty("expr").GetString() ?? ""));
        }

        expressions.ShouldNotBeEmpty();
        return expressions;
    }
}
