// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Penstock.Model.L7;
using Penstock.Model.Observability;
using Penstock.Telemetry.AccessLogging;

namespace Penstock.Telemetry;

/// <summary>
/// Writes the access log: one thread that empties the reactors' rings, formats the records and appends them to a file, a FIFO or standard
/// output. It never waits for the file, and reactors never wait for it: what a slow or broken file does not take is dropped and counted
/// (<c>penstock_access_log_dropped_total</c>).
/// </summary>
public sealed class AccessLog : IDisposable
{
    /// <summary>Time between two looks at the rings when there is little to do. 1 MiB holds what a reactor can finish in about 40 ms.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(25);

    /// <summary>The same when there is much to do.</summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    /// <summary>How full the fullest ring is to be when it is looked at.</summary>
    private const double TargetFill = 0.25;

    /// <summary>Records taken from one ring before the next has its turn.</summary>
    private const int RecordsInTurn = 64;

    /// <summary>Turns in one pass.</summary>
    private const int MaxTurns = 4096;

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TimeSpan _flushDeadline;
    private readonly AccessLogMetrics _metrics = new();
    private readonly RingSet _rings;
    private readonly LineBuffer _buffer = new();
    private readonly ConcurrentQueue<Settings> _pending = [];
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly Thread _thread;
    private LineFormatter? _formatter;
    private LogSink? _sink;
    private volatile bool _isWanted;
    private volatile bool _isReopening;
    private volatile bool _isStopping;
    private long _lost;
    private uint _turn;

    /// <summary>A log that writes nothing until <see cref="Apply"/>.</summary>
    /// <param name="time">Clock of retries and reports.</param>
    /// <param name="logger">Where trouble with the file is reported.</param>
    /// <param name="flushDeadline">How long disposing may go on writing. Default 2 s.</param>
    public AccessLog(TimeProvider time, ILogger<AccessLog> logger, TimeSpan? flushDeadline = null)
    {
        _time = time;
        _logger = logger;
        _flushDeadline = flushDeadline ?? TimeSpan.FromSeconds(2);
        _rings = new RingSet(time);
        _thread = new Thread(Run) { IsBackground = true, Name = "access-log" };
        _thread.Start();
    }

    /// <summary>Records lost since start, by rings that were full and by files that could not be written at the end.</summary>
    public long Dropped => _rings.Dropped + Volatile.Read(ref _lost);

    /// <summary>Why records can't be written; null while they can, or there is no log.</summary>
    public string? Trouble => _isWanted ? Volatile.Read(ref _sink)?.Trouble : null;

    /// <summary>Writes as configured from now on. Records in rings that are not among the given ones are still written.</summary>
    /// <param name="config">Path and format; null: no log any more.</param>
    /// <param name="rings">One for each reactor.</param>
    /// <exception cref="FormatException">The format is not one (the configuration's validation has the same parser).</exception>
    public void Apply(AccessLogConfig? config, IReadOnlyList<AccessLogRing> rings)
    {
        LineFormatter? formatter = null;
        if (config is not null)
        {
            if (!AccessLogFormat.TryParse(config.Format, out var format, out var error, out _))
                throw new FormatException(error);

            formatter = new LineFormatter(format);
        }

        _pending.Enqueue(new Settings(config?.Path, formatter, [.. rings]));
        _wake.Set();
    }

    /// <summary>Closes the file and opens its path anew, for log rotation.</summary>
    public void Reopen()
    {
        _isReopening = true;
        _wake.Set();
    }

    /// <summary>Writes what is left, within the deadline, and ends.</summary>
    public void Dispose()
    {
        if (_isStopping)
            return;

        _isStopping = true;
        _wake.Set();
        // The thread waits for nothing but a file system that hangs.
        if (_thread.Join(_flushDeadline + TimeSpan.FromSeconds(1)))
            _wake.Dispose();

        _metrics.Dispose();
    }

    private void Run()
    {
        var wait = LongestWait;
        while (!_isStopping)
        {
            var waiting = _time.GetTimestamp();
            _wake.WaitOne(wait);
            try
            {
                wait = Pass(_time.GetElapsedTime(waiting));
            }
            catch (Exception e)
            {
                // The loop's catch-all: the log goes on whatever one pass ran into.
                _metrics.CountError();
                _logger.LogError(e, "access log: a pass over the rings broke");
                wait = LongestWait;
            }
        }

        FlushAtEnd();
    }

    /// <summary>Takes up new settings, empties the rings, writes.</summary>
    /// <returns>Time until the next pass: the fuller the rings were, the shorter; infinite where there is nothing to look at.</returns>
    private TimeSpan Pass(TimeSpan sinceLast)
    {
        var fill = 0.0;
        foreach (var ring in _rings.All)
            fill = Math.Max(fill, (double)ring.UsedBytes / ring.CapacityBytes);

        Drain();
        Adopt();
        _rings.Prune();
        if (_buffer.Length > 0)
            return LongestWait;

        if (_rings.All.IsEmpty)
        {
            _sink?.Dispose();
            return Timeout.InfiniteTimeSpan; // Nothing comes until there are other settings.
        }

        var next = fill > 0 ? sinceLast * (TargetFill / fill) : LongestWait;
        return next < ShortestWait ? ShortestWait : next > LongestWait ? LongestWait : next;
    }

    private void Adopt()
    {
        if (_isReopening)
        {
            _isReopening = false;
            CloseSink();
        }

        // One after the other: rings of settings that were never written with are still to be emptied.
        while (_pending.TryDequeue(out var settings))
            Adopt(settings);
    }

    private void Adopt(Settings settings)
    {
        _rings.Replace(settings.Rings);
        _isWanted = settings.Path is not null && settings.Formatter is not null;
        if (settings.Path is null || settings.Formatter is null)
            return;

        _formatter = settings.Formatter;
        if (string.Equals(_sink?.Path, settings.Path, StringComparison.Ordinal))
            return;

        CloseSink();
        Volatile.Write(ref _sink, new LogSink(settings.Path, _time, _logger, _metrics));
    }

    private void CloseSink()
    {
        _sink?.Dispose();
        Volatile.Write(ref _lost, _lost + _buffer.DropTornLine());
    }

    private void Drain()
    {
        if (_formatter is null || _sink is null)
            return;

        // In turns, so that a busy reactor's records do not take the sink from another's; bounded, since reactors go on writing.
        var rings = _rings.All;
        var empty = 0;
        for (var turns = 0; empty < rings.Length && turns < MaxTurns; turns++)
            empty = DrainSome(rings[(int)(_turn++ % (uint)rings.Length)], _formatter, _sink) ? 0 : empty + 1;

        Flush(_sink);
    }

    /// <summary>Gives one ring its turn.</summary>
    /// <returns>Whether there may be more.</returns>
    private bool DrainSome(AccessLogRing ring, LineFormatter formatter, LogSink sink)
    {
        for (var left = RecordsInTurn; left > 0; left--)
        {
            if (_buffer.IsFull && (Flush(sink) == 0 || _buffer.IsFull))
                return false;
            if (!ring.TryRead(out var entry))
                return false;
            _buffer.Append(formatter, entry);
            _metrics.CountRecord();
        }

        return true;
    }

    private int Flush(LogSink sink)
    {
        var written = _buffer.FlushTo(sink);
        _metrics.CountBytes(written);
        return written;
    }

    private void FlushAtEnd()
    {
        var started = _time.GetTimestamp();
        Adopt();
        Drain();
        while ((_buffer.Length > 0 || HaveRecords()) && _time.GetElapsedTime(started) < _flushDeadline)
        {
            Thread.Sleep(ShortestWait);
            Drain();
        }

        var lost = _buffer.Clear();
        foreach (var ring in _rings.All)
        {
            while (ring.TryRead(out _))
                lost++;
        }

        Volatile.Write(ref _lost, _lost + lost);
        if (lost > 0)
            _logger.LogError("access log: {Lost} records could not be written before the end", lost);

        _sink?.Dispose();
    }

    private bool HaveRecords() => _sink is not null && _rings.All.Any(ring => ring.UsedBytes > 0);

    private sealed record Settings(string? Path, LineFormatter? Formatter, ImmutableArray<AccessLogRing> Rings);
}
