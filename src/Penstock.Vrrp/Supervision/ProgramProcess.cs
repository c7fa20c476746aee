// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;
using Penstock.Linux;

namespace Penstock.Vrrp.Supervision;

/// <summary>A program that runs with files of penstock's, whoever has started it.</summary>
internal static class ProgramProcess
{
    private static readonly TimeSpan s_lastBreath = TimeSpan.FromSeconds(2);

    /// <summary>Opens the one that its file of a process id names; only with that file or its configuration among its arguments, since a number may mean another process by now.</summary>
    /// <returns>Null: it does not run.</returns>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static ProcessHandle? Open(string pidFile, string configFile)
    {
        if (!File.Exists(pidFile) || !int.TryParse(File.ReadAllText(pidFile).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid <= 1)
            return null;
        var process = ProcessHandle.TryOpen(pid);
        if (process is null || process.Arguments().Any(argument => argument == pidFile || argument == configFile))
            return process;
        process.Dispose();
        return null;
    }

    /// <summary>
    /// Looks through the processes of this user and network namespace for one with these arguments; of a parent and its children, which may have the same, the parent. A container's may have
    /// the same, too.
    /// </summary>
    /// <param name="arguments">Its last arguments.</param>
    /// <param name="network">A name of <see cref="NetworkClaim"/> that is taken in this network namespace.</param>
    /// <returns>Null: none runs.</returns>
    /// <exception cref="IOException">Descriptors have run out.</exception>
    public static ProcessHandle? Search(IReadOnlyCollection<string> arguments, string network)
    {
        var found = new List<ProcessHandle>();
        var end = Encoding.UTF8.GetBytes($"\0{string.Join('\0', arguments)}\0");
        foreach (var (pid, line) in Lines())
        {
            if (!line.AsSpan().EndsWith(end) || ProcessHandle.TryOpen(pid) is not { } process)
                continue;
            if (process.Arguments().TakeLast(arguments.Count).SequenceEqual(arguments, StringComparer.Ordinal) && process.User() == ProcessRights.User && NetworkClaim.IsSeenBy(pid, network))
                found.Add(process);
            else
                process.Dispose();
        }

        var parent = found.Find(one => found.TrueForAll(other => other.Pid != one.ParentId()));
        foreach (var other in found.Where(other => other != parent))
            other.Dispose();
        return parent;
    }

    /// <summary>The host's processes, and their arguments after the program's name.</summary>
    public static IEnumerable<(int Pid, string[] Arguments)> All() => Lines().Select(one => (one.Pid, Encoding.UTF8.GetString(one.Line).TrimEnd('\0').Split('\0')[1..]));

    /// <summary>Whether a process has these arguments, after the program's name: <see cref="All"/> says what the process of a number had, which may have ended before it was opened.</summary>
    public static bool Has(ProcessHandle process, IReadOnlyList<string> arguments) => process.Arguments().Skip(1).SequenceEqual(arguments, StringComparer.Ordinal);

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

    // Read before they are opened: hosts have many processes, and each group that comes looks through all of them.
    private static IEnumerable<(int Pid, byte[] Line)> Lines()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
                yield return (pid, Read(Path.Combine(folder, "cmdline")));
        }
    }

    private static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return []; // it is gone
        }
    }
}
