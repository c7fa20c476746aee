// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Systemd;

/// <summary>
/// Tells a restart from a stop, which systemd itself does not: ExecStop= of the unit makes a folder where the job is a restart. With it, the sockets go on to the next process; without it, nobody
/// would ever serve who waits in their queues.
/// </summary>
internal static class RestartMark
{
    private const string Name = "restarting";

    /// <summary>Whether this process ends for another to begin. Asked once: the mark is taken away.</summary>
    /// <param name="runtimeDirectory">Value of RUNTIME_DIRECTORY: the unit's folders in /run, by colons; null: there is none.</param>
    public static bool Take(string? runtimeDirectory)
    {
        if (string.IsNullOrEmpty(runtimeDirectory))
            return false;
        var path = Path.Combine(runtimeDirectory.Split(':')[0], Name);
        try
        {
            if (!Directory.Exists(path))
                return false;
            Directory.Delete(path);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // It would be there at the next stop, too.
        }
    }

    /// <summary>The same for this process.</summary>
    public static bool TakeFromEnvironment() => Take(Environment.GetEnvironmentVariable("RUNTIME_DIRECTORY"));
}
