// SPDX-License-Identifier: Apache-2.0
using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Penstock.Vrrp.Supervision;

/// <summary>keepalived's own check of a configuration, <c>keepalived --config-test</c>.</summary>
internal static partial class KeepalivedCheck
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private const int MostLines = 5;

    /// <summary>Has a file checked, in the network namespace of this thread. Whatever keepalived complains of counts, though it would go on with some of it.</summary>
    /// <exception cref="VrrpApplyException">It is refused, with keepalived's reasons, or keepalived could not be asked.</exception>
    public static void Require(string program, string file, string group)
    {
        using var check = new Process
        {
            StartInfo = new ProcessStartInfo(program, ["--config-test", "--use-file", file]) { RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true, UseShellExecute = false },
        };
        var said = new List<string>();
        void Take(string? line)
        {
            lock (said)
            {
                if (!string.IsNullOrWhiteSpace(line) && said.Count < MostLines)
                    said.Add(Position().Replace(line.Trim(), "line ${line}:"));
            }
        }

        check.OutputDataReceived += (_, line) => Take(line.Data);
        check.ErrorDataReceived += (_, line) => Take(line.Data);
        try
        {
            check.Start();
        }
        catch (Win32Exception error)
        {
            throw new VrrpApplyException($"{program} could not be started: {error.Message}", error);
        }

        check.StandardInput.Close();
        check.BeginOutputReadLine();
        check.BeginErrorReadLine();
        if (!check.WaitForExit(s_limit))
        {
            check.Kill();
            throw new VrrpApplyException($"{program} has not checked the configuration of group {group} within {s_limit.TotalSeconds} s");
        }

        check.WaitForExit(); // and all it has said
        lock (said)
        {
            if (check.ExitCode != 0)
                throw new VrrpApplyException($"keepalived refuses the configuration of group {group}: {(said.Count > 0 ? string.Join("; ", said) : $"exit code {check.ExitCode}")}");
        }
    }

    // "(/var/lib/penstock/keepalived/edge.conf.new: Line 15)"
    [GeneratedRegex(@"^\([^)]*: Line (?<line>\d+)\)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Position();
}
