// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;
using Penstock.Linux;

namespace Penstock.Vrrp.Supervision;

/// <summary>A program that runs by a configuration of penstock's, whoever has started it.</summary>
internal static class ProgramProcess
{
    private static readonly TimeSpan s_lastBreath = TimeSpan.FromSeconds(2);

    /// <summary>Opens the one that its file of a process id names; only with the configuration among its arguments, since a number may mean another process by now.</summary>
    /// <returns>Null: it does not run.</returns>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static ProcessHandle? Open(string pidFile, string configFile)
    {
        if (!File.Exists(pidFile) || !int.TryParse(File.ReadAllText(pidFile).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid <= 1)
            return null;
        var process = ProcessHandle.TryOpen(pid);
        if (process is null || process.Arguments().Contains(configFile, StringComparer.Ordinal))
            return process;
        process.Dispose();
        return null;
    }

    /// <summary>Looks through the host's processes for one with just these arguments; of a parent and its children, which may have the same, the parent.</summary>
    /// <param name="arguments">Arguments after the program's name.</param>
    /// <returns>Null: none runs.</returns>
    /// <exception cref="IOException">Descriptors have run out.</exception>
    public static ProcessHandle? Search(IReadOnlyCollection<string> arguments)
    {
        var found = new List<ProcessHandle>();
        var end = Encoding.UTF8.GetBytes($"\0{string.Join('\0', arguments)}\0");
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || !EndsWith(folder, end) || ProcessHandle.TryOpen(pid) is not { } process)
                continue;
            if (process.Arguments().Skip(1).SequenceEqual(arguments, StringComparer.Ordinal))
                found.Add(process);
            else
                process.Dispose();
        }

        var parent = found.Find(one => found.TrueForAll(other => other.Pid != one.ParentId()));
        foreach (var other in found.Where(other => other != parent))
            other.Dispose();
        return parent;
    }

    /// <summary>Ends it, in an orderly way if it does so in time.</summary>
    /// <param name="process">The process.</param>
    /// <param name="patience">Time for the orderly way; zero: it is killed.</param>
    public static void End(ProcessHandle process, TimeSpan patience)
    {
        if (patience > TimeSpan.Zero)
        {
            _ = process.Signal(ProcessSignal.Terminate);
            if (process.WaitForEnd(patience))
                return;
        }

        _ = process.Signal(ProcessSignal.Kill);
        _ = process.WaitForEnd(s_lastBreath);
    }
    // Read before it is opened: hosts have many processes, and each group that comes looks through all of them.
    private static bool EndsWith(string folder, ReadOnlySpan<byte> end)
    {
        try
        {
            return File.ReadAllBytes(Path.Combine(folder, "cmdline")).AsSpan().EndsWith(end);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false; // it is gone
        }
    }
}
