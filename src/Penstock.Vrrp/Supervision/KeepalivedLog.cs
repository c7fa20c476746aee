// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;

namespace Penstock.Vrrp.Supervision;

/// <summary>What one keepalived says, passed on: what it repeats is said once a minute, so that a peer that disagrees with each advert does not fill the log.</summary>
internal sealed class KeepalivedLog(string group, ILogger logger, TimeProvider time)
{
    private const int TimestampLength = 26; // "Sat Nov 21 23:20:18 2026: "
    private const int Kept = 5;
    private const int MostPerMinute = 100;

    private static readonly TimeSpan s_period = TimeSpan.FromMinutes(1);

    private readonly Queue<string> _last = new();
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);
    private long _begun = time.GetTimestamp();

    /// <summary>The last few lines, for whoever asks why it has ended.</summary>
    public string LastWords => string.Join("; ", _last);

    /// <summary>False once it has said that it can't take the script's user and group on: then it runs no script, and takes each for a success (keepalived 2.2.7).</summary>
    public bool RunsScripts { get; private set; } = true;

    /// <summary>Forgets the last lines: what follows is another process's.</summary>
    public void Begin()
    {
        _last.Clear();
        RunsScripts = true;
    }

    /// <summary>Takes a line.</summary>
    public void Take(string line)
    {
        var text = line.Length > TimestampLength && line[TimestampLength - 2] == ':' ? line[TimestampLength..] : line;
        if (text.StartsWith("Couldn't set", StringComparison.Ordinal)) // setgroups, setgid, setuid
            RunsScripts = false;
        _last.Enqueue(text);
        if (_last.Count > Kept)
            _last.Dequeue();
        if (time.GetElapsedTime(_begun) >= s_period)
        {
            _said.Clear();
            _begun = time.GetTimestamp();
        }

        if (_said.Count < MostPerMinute && _said.Add(text))
            logger.LogInformation("keepalived {Group}: {Text}", group, text);
    }
}
