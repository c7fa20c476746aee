// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;

namespace Penstock.Daemon.Logging;

/// <summary>
/// Lines on their way to a writer that may block, such as a pipe that nobody reads: a thread of its own writes them, and what it cannot keep
/// up with is dropped and counted, so that logging never holds up a reload or the end of the process. Thread-safe.
/// </summary>
internal sealed class LogQueue : IDisposable
{
    /// <summary>Lines that wait; a refused configuration may have a thousand errors.</summary>
    private const int MaxLines = 4096;

    /// <summary>How long the end of the process waits for the last lines.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(1);

    private readonly TextWriter _output;
    private readonly Func<int, string> _describeLoss;
    private readonly Queue<string> _lines = new();
    private readonly Meter _meter = new("Penstock.Daemon");
    private readonly Thread _thread;
    private long _dropped;
    private int _unreported;
    private bool _ending;

    /// <summary>Begins.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="describeLoss">The line that says how many were dropped.</param>
    public LogQueue(TextWriter output, Func<int, string> describeLoss)
    {
        _output = output;
        _describeLoss = describeLoss;
        _meter.CreateObservableCounter("penstock.log.dropped", () => Volatile.Read(ref _dropped), unit: null, "Lines of the daemon's own log that were lost because nobody took them.");
        _thread = new Thread(Run) { Name = "log", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Adds a line, its line break included; never blocks.</summary>
    public void Write(string line)
    {
        lock (_lines)
        {
            if (_lines.Count >= MaxLines)
            {
                _dropped++;
                _unreported++;
                return;
            }

            _lines.Enqueue(line);
            Monitor.Pulse(_lines);
        }
    }

    /// <summary>Waits a moment for the lines that are left.</summary>
    public void Dispose()
    {
        lock (_lines)
        {
            _ending = true;
            Monitor.Pulse(_lines);
        }

        _thread.Join(EndPatience);
        _meter.Dispose();
    }

    private void Run()
    {
        while (Take() is { } line)
        {
            try
            {
                _output.Write(line);
                _output.Flush();
            }
            catch (IOException)
            {
                // A log on a full disk: its lines are lost, the traffic is not.
            }
        }
    }

    /// <summary>The next line; null: there will be none.</summary>
    private string? Take()
    {
        lock (_lines)
        {
            while (_lines.Count == 0 && _unreported == 0 && !_ending)
                Monitor.Wait(_lines);

            // Those dropped came after all that wait.
            if (_lines.TryDequeue(out var line))
                return line;

            var lost = _unreported;
            _unreported = 0;
            return lost > 0 ? _describeLoss(lost) : null;
        }
    }
}
