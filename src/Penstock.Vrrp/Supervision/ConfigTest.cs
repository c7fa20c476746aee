// SPDX-License-Identifier: Apache-2.0
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Penstock.Vrrp.Supervision;

/// <summary>A program's own check of a configuration: <c>keepalived --config-test</c>, <c>bird -p</c>.</summary>
internal static class ConfigTest
{
    // "(/var/lib/penstock/keepalived/edge.conf.new: Line 15)", "bird: /var/lib/penstock/bird/bird.conf.new:8:8". In linear time, so that it needs no limit, which a host with other work would run into.
    private static readonly Regex s_position =
        new(@"^(\([^)]*: Line (?<line>\d+)\)|bird: /[^:]*:(?<line>\d+):\d+)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private const int MostLines = 5;

    /// <summary>Has keepalived check a file, in the network namespace of this thread.</summary>
    /// <param name="binary">The program.</param>
    /// <param name="file">The file.</param>
    /// <param name="group">Name of the group that it is of.</param>
    /// <exception cref="AddressApplyException">It is refused, with the program's reasons, or the program could not be asked.</exception>
    public static void Keepalived(string binary, string file, string group) => Require(binary, ["--config-test", "--use-file", file], $"the configuration of group {group}");

    /// <summary>Has BIRD check a file.</summary>
    /// <param name="binary">The program.</param>
    /// <param name="file">The file.</param>
    /// <exception cref="AddressApplyException">It is refused, with the program's reasons, or the program could not be asked.</exception>
    public static void Bird(string binary, string file) => Require(binary, ["-p", "-c", file], "its configuration");

    // Whatever the program complains of counts, though it would go on with some of it.
    private static void Require(string program, IEnumerable<string> arguments, string what)
    {
        using var check = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true, UseShellExecute = false },
        };
        var said = new List<string>();
        void Take(string? line)
        {
            lock (said)
            {
                if (!string.IsNullOrWhiteSpace(line) && said.Count < MostLines)
                    said.Add(s_position.Replace(line.Trim(), "line ${line}:"));
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
            throw new AddressApplyException($"{program} could not be started: {Marshal.GetPInvokeErrorMessage(error.NativeErrorCode)}", error);
        }

        check.StandardInput.Close();
        check.BeginOutputReadLine();
        check.BeginErrorReadLine();
        if (!check.WaitForExit(s_limit))
        {
            check.Kill();
            throw new AddressApplyException($"{program} has not checked {what} within {s_limit.TotalSeconds} s");
        }

        check.WaitForExit(); // and all it has said
        lock (said)
        {
            if (check.ExitCode != 0)
                throw new AddressApplyException($"{Path.GetFileName(program)} refuses {what}: {(said.Count > 0 ? string.Join("; ", said) : $"exit code {check.ExitCode}")}");
        }
    }
}
