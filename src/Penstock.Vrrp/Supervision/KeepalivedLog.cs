// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;

namespace Penstock.Vrrp.Supervision;

/// <summary>What one keepalived says.</summary>
internal sealed class KeepalivedLog(string group, ILogger logger, TimeProvider time)
{
    private const int TimestampLength = 26; // "Sat Nov 21 23:20:18 2026: "

    private readonly ProgramLog _log = new("keepalived " + group, logger, time);

    /// <summary>The last few lines, for whoever asks why it has ended.</summary>
    public string LastWords => _log.LastWords;

    /// <summary>
    /// False once it has said that it can't take the script's user and group on, and takes each script for a success, or that it leaves scripts out because it does not know their user
    /// (keepalived 2.2.7).
    /// </summary>
    public bool RunsScripts { get; private set; } = true;

    /// <summary>Forgets the last lines: what follows is another process's.</summary>
    public void Begin()
    {
        _log.Begin();
        BeginReload();
    }

    /// <summary>Forgets what was wrong with its scripts: it reads its configuration again.</summary>
    public void BeginReload() => RunsScripts = true;

    /// <summary>Takes a line.</summary>
    public void Take(string line)
    {
        var text = line.Length > TimestampLength && line[TimestampLength - 2] == ':' ? line[TimestampLength..] : line;
        if (text.StartsWith("Couldn't set", StringComparison.Ordinal) // setgroups, setgid, setuid
            || text.StartsWith("Unable to set default user for vrrp script", StringComparison.Ordinal))
        {
            RunsScripts = false;
        }

        _log.Take(text);
    }
}
