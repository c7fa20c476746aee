// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Penstock.ControlPlane;
using Penstock.Model;

namespace Penstock.Daemon.Running;

/// <summary>
/// Configurations that have run, and which of them is to run in place of what the files say. Changed by one caller at a time; read from any thread.
/// </summary>
internal sealed class KeptConfigs : IDisposable
{
    private readonly ConfigSource _source;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Meter _meter = new("Penstock.History");
    private ConfigHistory _history = new(Path.Combine(DefaultFolder, ConfigHistory.Name));
    private ReturnRecord _record = new(Path.Combine(DefaultFolder, ReturnRecord.Name));
    private KeptStatus _status = KeptStatus.None;
    private (ReadConfig Read, ReloadCause Cause)? _current;

    /// <summary>Of a daemon that has not begun yet.</summary>
    /// <param name="source">Reads configurations.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    public KeptConfigs(ConfigSource source, TimeProvider time, ILogger logger)
    {
        (_source, _time, _logger) = (source, time, logger);
        _meter.CreateObservableGauge("penstock.config.held", () => Status.Held is null ? 0 : 1, unit: null, "Whether a configuration of the history runs in place of what the files say.");
        _meter.CreateObservableGauge("penstock.config.unconfirmed", () => Status.Window is null ? 0 : 1, unit: null, "Whether what runs waits to be confirmed, and another configuration comes back otherwise.");
    }

    /// <summary>What runs, and whether it stays.</summary>
    public KeptStatus Status => Volatile.Read(ref _status);

    private static string DefaultFolder => new ApplianceConfig { Node = "" }.State;

    /// <summary>What a daemon begins with: what the files say, unless another configuration was brought back in their place, or comes back now since nobody has confirmed what they say.</summary>
    public ReadConfig First()
    {
        var files = _source.Read();
        var folder = files.Loaded.Config?.State ?? DefaultFolder;
        (_history, _record) = (new ConfigHistory(Path.Combine(folder, ConfigHistory.Name)), new ReturnRecord(Path.Combine(folder, ReturnRecord.Name)));
        var (held, window) = Recorded();
        if (window is not null && (window.Until <= _time.GetUtcNow() || files.Loaded.Config is null))
        {
            (held, window) = (new HeldConfig(window.Number, _time.GetUtcNow(), window.By, files.Loaded.Config is null ? "not confirmed, and the files have errors" : "not confirmed"), null);
            SaveOrWarn(new KeptStatus(Running: null, held, window, Trouble: null));
        }

        _status = new KeptStatus(Running: null, held, window, Trouble: null);
        if (held is null)
            return files;
        _source.BeginAnew();
        try
        {
            var past = Past(held.Number);
            if (past.Loaded.Config is not null)
            {
                _logger.LogWarning("configuration {Number} of the history runs, not what the files say: penstock reload applies them", held.Number);
                return past;
            }

            _logger.LogError("configuration {Number} of the history can't run any more: {Reason}", held.Number, past.Loaded.Diagnostics.First(one => one.IsError).Message);
        }
        catch (IOException error)
        {
            _logger.LogError("configuration {Number} of the history can't be brought back: {Reason}", held.Number, error.Message);
        }

        _status = _status with { Held = null };
        _source.BeginAnew();
        return _source.Read();
    }

    /// <summary>Notes that a configuration runs now.</summary>
    /// <param name="read">The configuration.</param>
    /// <param name="cause">What had it applied.</param>
    public void Applied(ReadConfig read, ReloadCause cause)
    {
        _current = (read, cause);
        if (read.Number is { } number)
        {
            _status = _status with { Running = number, Trouble = null };
            return;
        }

        if (_status.Held is not null)
            SaveOrWarn(_status with { Held = null });
        if (_status.Window is null)
            TryKeep();
        else
            _status = _status with { Running = null, Trouble = null }; // not before it is confirmed
    }

    /// <summary>Has what runs now come back unless what runs next is confirmed. A window that is open goes on to the same configuration, with a new end.</summary>
    /// <param name="length">How long there is for that.</param>
    /// <param name="cause">Who asked.</param>
    /// <exception cref="IOException">It can't be recorded; nothing has changed.</exception>
    public void OpenWindow(TimeSpan length, ReloadCause cause)
    {
        if (_status is { Window: null, Running: null })
            Keep();
        var number = _status.Window?.Number ?? _status.Running ?? throw new IOException("what runs is not in the history");
        Save(_status with { Window = new ConfirmWindow(number, _time.GetUtcNow() + length, cause.By, cause.Why) });
    }

    /// <summary>Has the window be as it was before <see cref="OpenWindow"/>, whose reload was refused.</summary>
    public void TakeBack(ConfirmWindow? before) => SaveOrWarn(_status with { Window = before });

    /// <summary>Waits longer for a return that did not succeed. Not recorded: the next daemon tries at once.</summary>
    public void Postpone(TimeSpan by)
    {
        if (_status.Window is { } window)
            _status = _status with { Window = window with { Until = _time.GetUtcNow() + by } };
    }

    /// <summary>What runs stays.</summary>
    /// <exception cref="IOException">It can't be recorded, or no window is open; nothing has changed.</exception>
    public void Confirm()
    {
        if (_status.Window is not { } window)
            throw new IOException("no reload waits to be confirmed");
        Save(_status with { Window = null });
        if (_status.Running is not null)
            return;
        if (_current is { } current)
            _current = current with { Cause = current.Cause with { By = window.By, Why = window.Why } }; // a daemon that has started since does not know
        TryKeep();
    }

    /// <summary>Reads a configuration that has run.</summary>
    /// <param name="number">Its number; null: the one that a window leads back to, else the one before what runs.</param>
    /// <exception cref="IOException">There is none, or it can't be read.</exception>
    public ReadConfig Past(long? number)
    {
        number ??= _status.Window?.Number ?? _history.Before(_status.Running ?? long.MaxValue) ?? throw new IOException("there is no configuration before the one that runs in the history");
        var entry = _history.Read(number.Value);
        var read = _source.Read(entry);
        return read.Loaded.Config is null || string.Equals(read.Loaded.Hash, entry.Hash, StringComparison.Ordinal)
            ? read
            : read with { Loaded = read.Loaded with { Diagnostics = read.Loaded.Diagnostics.Add(new ReloadDiagnostic(IsError: false, $"files that configuration {entry.Number} names have changed since it ran first: it runs with what is in them now")) } };
    }

    /// <summary>Notes that a configuration that has run does so again, in place of what the files say.</summary>
    public void Hold(ReadConfig past, ReloadCause cause)
    {
        if (past.Number is not { } number)
            return;
        Applied(past, cause);
        SaveOrWarn(_status with { Held = new HeldConfig(number, _time.GetUtcNow(), cause.By, cause.Why), Window = null });
    }

    /// <summary>The last configurations that have run, the newest first.</summary>
    public IReadOnlyList<HistoryEntry> List() => _history.List();

    /// <summary>One of them.</summary>
    /// <exception cref="IOException">There is none of this number, or it can't be read.</exception>
    public HistoryEntry Entry(long number) => _history.Read(number);

    /// <summary>What asks for attention.</summary>
    public IEnumerable<string> Warnings()
    {
        var status = Status;
        if (status.Held is { } held)
            yield return $"configuration {held.Number} of the history runs, not what the files say, since {held.Since:yyyy-MM-dd HH:mm:ss}Z{Words(held.By, held.Why)}: penstock reload applies them";
        if (status.Window is { } window)
            yield return $"what runs is not confirmed{Words(window.By, window.Why)}: configuration {window.Number} of the history comes back at {window.Until:yyyy-MM-dd HH:mm:ss}Z unless penstock reload --confirmed";
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static string Words(string by, string why) => (by.Length == 0 ? "" : $" by {by}") + (why.Length == 0 ? "" : $" ({why})");

    private (HeldConfig? Held, ConfirmWindow? Window) Recorded()
    {
        try
        {
            return _record.Read();
        }
        catch (IOException error)
        {
            _logger.LogError("whether a configuration of the history is to run is not known, and what the files say does: {Reason}", error.Message);
            return (null, null);
        }
    }

    private void TryKeep()
    {
        try
        {
            Keep();
        }
        catch (IOException error)
        {
            _status = _status with { Running = null, Trouble = error.Message };
            _logger.LogWarning("what runs is not in the history: {Reason}", error.Message);
        }
    }

    private void Keep()
    {
        if (_current is not { } current)
            return;
        var (read, cause) = current;
        var newest = _history.Newest();
        if (newest == 0 || !IsOf(newest, read.Loaded.Hash))
            _history.Add(new HistoryEntry(++newest, _time.GetUtcNow(), read.Loaded.Hash, cause.What, cause.By, cause.Why, [.. read.Files.Select(file => new HistoryText(file.Name, file.Content.ToArray()))]));
        _status = _status with { Running = newest, Trouble = null };
    }

    private bool IsOf(long number, string hash)
    {
        try
        {
            return string.Equals(_history.Read(number).Hash, hash, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // it is damaged
        }
    }

    private void Save(KeptStatus status)
    {
        _record.Write(status);
        Volatile.Write(ref _status, status);
    }

    private void SaveOrWarn(KeptStatus status)
    {
        try
        {
            _record.Write(status);
        }
        catch (IOException error)
        {
            _logger.LogWarning("a daemon that starts goes by another configuration than runs now: {Reason}", error.Message);
        }

        Volatile.Write(ref _status, status);
    }
}
