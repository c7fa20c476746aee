// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.Daemon.Commands;

/// <summary>Rows in aligned columns; numbers to the right. The last column is never padded.</summary>
internal sealed class TextTable(params string[] headings)
{
    private readonly List<object[]> _rows = [[.. headings]];

    /// <summary>Adds a row of as many cells as there are headings.</summary>
    public void Add(params object[] cells) => _rows.Add(cells);

    /// <summary>Writes heading and rows.</summary>
    public void Write(TextWriter output)
    {
        var widths = new int[headings.Length];
        var isNumber = new bool[headings.Length];
        foreach (var row in _rows)
        {
            for (var i = 0; i < widths.Length; i++)
            {
                widths[i] = Math.Max(widths[i], Text(row[i]).Length);
                isNumber[i] |= row[i] is long or int;
            }
        }

        foreach (var row in _rows)
        {
            var line = new StringBuilder();
            for (var i = 0; i < widths.Length; i++)
            {
                var text = Text(row[i]);
                line.Append(isNumber[i] ? text.PadLeft(widths[i]) : text.PadRight(widths[i])).Append("  ");
            }

            output.WriteLine(line.ToString().TrimEnd());
        }
    }

    private static string Text(object cell) => cell.ToString() ?? "";
}
