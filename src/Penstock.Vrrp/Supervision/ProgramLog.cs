// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;

namespace Penstock.Vrrp.Supervision;

/// <summary>What a program says, passed on: what it repeats is said once a minute, so that a peer that disagrees with each message does not fill the log.</summary>
/// <param name="name">The program, and which.</param>
/// <param name="logger">Log.</param>
/// <param name="time">Clock.</param>
internal sealed class ProgramLog(string name, ILogger logger, TimeProvider time)
{
    private const int Kept = 5;
    private const int MostPerMinute = 100;

    private static readonly TimeSpan s_period = TimeSpan.FromMinutes(1);

    private readonly Queue<string> _last = new();
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);
    private long _begun = time.GetTimestamp();

    /// <summary>The last few lines, for whoever asks why it has ended.</summary>
    public string LastWords => string.Join("; ", _last);

    /// <summary>Forgets the last lines: what follows is another process's.</summary>
    public void Begin() => _last.Clear();

    /// <summary>Takes a line.</summary>
    /// <param name="text">The line without its time.</param>
    /// <param name="level">How much it matters.</param>
    public void Take(string text, LogLevel level = LogLevel.Information)
    {
        _last.Enqueue(text);
        if (_last.Count > Kept)
            _last.Dequeue();
        if (time.GetElapsedTime(_begun) >= s_period)
        {
            _said.Clear();
            _begun = time.GetTimestamp();
        }

        if (_said.Count < MostPerMinute && _said.Add(text))
            logger.Log(level, "{Program}: {Text}", name, text);
    }
}
