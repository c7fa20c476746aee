// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;

namespace Penstock.Perf.L4;

/// <summary>The plot that is kept in perf/results beside the table.</summary>
internal static class Plot
{
    private const int Left = 370, Right = 890, Width = 940, Top = 60, RowHeight = 26, BarHeight = 9, Step = 50;
    private const string Ours = "#1b6ca8", Other = "#c27ba0", Goal = "#333";

    /// <summary>Draws a bar for each row, the other's beneath it, and a stroke where the goal is.</summary>
    public static string Svg(IReadOnlyList<Row> rows, PlotText says)
    {
        var most = Math.Ceiling(rows.Max(row => Math.Max(row.Value, Math.Max(row.Other ?? 0, row.Goal ?? 0))) / Step) * Step;
        var bottom = Top + (rows.Count * RowHeight);
        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"""
                <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{bottom + 30}" viewBox="0 0 {Width} {bottom + 30}" font-family="sans-serif" font-size="11">
                <rect width="{Width}" height="{bottom + 30}" fill="white"/>
                <text x="20" y="20" font-size="14">{says.Title}</text>
                <text x="20" y="36" fill="#555">{says.Under}</text>

                """);
        Legend(text, 620, Ours, says.Ours);
        Legend(text, 710, Other, says.Other);
        Legend(text, 790, Goal, says.Goal);
        for (var mark = 0; mark <= most; mark += (int)most > 10 * Step ? 2 * Step : Step)
        {
            text.Append(CultureInfo.InvariantCulture, $"""
                <line x1="{X(mark, most)}" x2="{X(mark, most)}" y1="{Top}" y2="{bottom}" stroke="#ddd"/>
                <text x="{X(mark, most)}" y="{bottom + 14}" text-anchor="middle" fill="#555">{mark}</text>

                """);
        }

        for (var i = 0; i < rows.Count; i++)
            Bars(text, rows[i], Top + (i * RowHeight), most);
        return text.Append("</svg>\n").ToString();
    }

    private static string X(double nanoseconds, double most) => (Left + ((Right - Left) * nanoseconds / most)).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Length(double nanoseconds, double most) => ((Right - Left) * nanoseconds / most).ToString("0.0", CultureInfo.InvariantCulture);

    private static void Legend(StringBuilder text, int x, string color, string name) => text.Append(CultureInfo.InvariantCulture, $"""
        <rect x="{x}" y="11" width="10" height="10" fill="{color}"/>
        <text x="{x + 14}" y="20">{name}</text>

        """);

    private static void Bars(StringBuilder text, Row row, int y, double most)
    {
        text.Append(CultureInfo.InvariantCulture, $"""
            <text x="{Left - 6}" y="{y + 12}" text-anchor="end">{row.Name}</text>
            <rect x="{Left}" y="{y + 3}" width="{Length(row.Value, most)}" height="{BarHeight}" fill="{Ours}"/>
            <text x="{X(row.Value, most)}" y="{y + 11}" dx="3" font-size="9">{row.Value:0}</text>

            """);
        if (row.Other is { } other)
        {
            text.Append(CultureInfo.InvariantCulture, $"""
                <rect x="{Left}" y="{y + 3 + BarHeight}" width="{Length(other, most)}" height="{BarHeight}" fill="{Other}"/>
                <text x="{X(other, most)}" y="{y + 11 + BarHeight}" dx="3" font-size="9">{other:0}</text>

                """);
        }

        if (row.Goal is { } goal)
        {
            text.Append(CultureInfo.InvariantCulture, $"""
                <rect x="{X(goal, most)}" y="{y + 1}" width="2" height="{(2 * BarHeight) + 4}" fill="{Goal}"/>

                """);
        }
    }
}
