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
    private HistoryWriter _history = new(new ConfigHistory(Path.Combine(DefaultFolder, ConfigHistory.Name)));
    private ReturnRecord _record = new(Path.Combine(DefaultFolder, ReturnRecord.Name));
    private string _folder = DefaultFolder;
    private KeptStatus _status = KeptStatus.None;
    private (ReadConfig Read, ReloadCause Cause)? _current;
    private HeldConfig? _instead;
    private bool _isStale; // the record says something else than holds
    private volatile string? _notice, _unsaved;

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

    /// <summary>What <see cref="Instead"/> would have run in place of what <see cref="First"/> has found, as far as that can be told beforehand; null: nothing.</summary>
    public ApplianceConfig? Other { get; private set; }

    /// <summary>Why the next daemon goes by another configuration than runs now; null: it does not.</summary>
    public string? Unsaved => _unsaved;

    /// <summary>What runs, and whether it stays.</summary>
    public KeptStatus Status => Volatile.Read(ref _status);

    private static string DefaultFolder => new ApplianceConfig { Node = "" }.State;

    /// <summary>
    /// What a daemon begins with: what the files say, unless another configuration was brought back in their place, or comes back now since nobody has confirmed what they say. Files that have changed since go before
    /// either, where they can be read as a configuration.
    /// </summary>
    public ReadConfig First()
    {
        var files = _source.Read();
        var folder = _folder = files.State ?? DefaultFolder;
        (_history, _record) = (new HistoryWriter(new ConfigHistory(Path.Combine(folder, ConfigHistory.Name))), new ReturnRecord(Path.Combine(folder, ReturnRecord.Name)));
        var (held, window) = Recorded();
        if (held is not null)
            window = null; // it was to be opened by a reload that did not come through
        var (isGood, text, now) = (files.Loaded.Config is not null, files.TextHash(), _time.GetUtcNow());
        var other = held ?? (window is null ? null : new HeldConfig(window.Number, now, window.By, isGood ? "not confirmed" : "not confirmed, and the files have errors") { FilesHash = text });
        if (other is null)
            return files;
        var undone = held is null ? window?.FilesHash : held.FilesHash;
        var isDue = held is not null || !isGood || window?.Until <= now;
        if (isDue && (!isGood || undone is null || string.Equals(undone, text, StringComparison.Ordinal)))
        {
            (_status, Other) = (KeptStatus.None with { Held = other }, files.Loaded.Config);
            if (held is null)
                SaveOrWarn(_status);
            return BroughtBack(other.Number, out var trouble) ?? GiveUp(other.Number, trouble);
        }

        (_instead, _isStale, Other) = (other, isDue, Readable(other.Number));
        if (isDue)
            _logger.LogWarning("configuration {Number} of the history was to run, but the files have changed since: what they say runs", other.Number);
        else
            _status = KeptStatus.None with { Window = window };
        return files;
    }

    /// <summary>What a daemon begins with where what <see cref="First"/> has found is refused when it is applied: the files in place of the history, or the history in place of files that are not confirmed; null: there is nothing else.</summary>
    /// <param name="refused">What was refused.</param>
    /// <param name="reason">Why.</param>
    public ReadConfig? Instead(ReadConfig refused, string reason)
    {
        if (refused.Number is { } number)
            return GiveUp(number, reason);
        if (_instead is not { } other)
            return null;
        _logger.LogError("what the files say can't run, and configuration {Number} of the history comes back: {Reason}", other.Number, reason);
        if (BroughtBack(other.Number, out var trouble) is not { } past)
        {
            _logger.LogError("configuration {Number} of the history can't run either: {Reason}", other.Number, trouble);
            return null;
        }

        SaveOrWarn(KeptStatus.None with { Held = other with { Since = _time.GetUtcNow(), Why = "the files could not be applied at a start", FilesHash = refused.TextHash() } });
        return past;
    }

    /// <summary>Notes that a configuration runs now.</summary>
    /// <param name="read">The configuration.</param>
    /// <param name="cause">What had it applied.</param>
    public void Applied(ReadConfig read, ReloadCause cause)
    {
        _current = (read, cause);
        if (!cause.IsStart)
            _notice = null;
        if (read.Number is { } number)
        {
            _status = _status with { Running = number, Trouble = null };
            if (_isStale && _status.Held is not null)
                SaveOrWarn(_status); // the disk may take by now what it did not take before
            return;
        }

        var window = _status.Window is { Overdue: false } open ? open with { FilesHash = read.TextHash() } : null;
        if (_status.Held is not null || window != _status.Window || _isStale)
            SaveOrWarn(_status with { Held = null, Window = window });
        if (window is null)
            Keep();
        else
            _status = _status with { Running = null, Trouble = null }; // not before it is confirmed
    }

    /// <summary>Has what runs now come back unless what runs next is confirmed. A window that is open goes on to the same configuration, with a new end.</summary>
    /// <param name="length">How long there is for that.</param>
    /// <param name="next">What is to be confirmed.</param>
    /// <param name="cause">Who asked.</param>
    /// <exception cref="IOException">It can't be recorded; nothing has changed.</exception>
    public void OpenWindow(TimeSpan length, ReadConfig next, ReloadCause cause)
    {
        if (!string.Equals(next.State ?? DefaultFolder, _folder, StringComparison.Ordinal))
            throw new IOException($"the files name another folder of state than {_folder}, where the next start would not look for what to return to: reload without --confirm");
        if (_status is { Window: null, Running: null })
            Keep();
        if (_status.Window is null)
            Write(); // before what leads back to it
        var number = _status.Window?.Number ?? _status.Running ?? throw new IOException("what runs is not in the history");
        Save(_status with { Window = new ConfirmWindow(number, _time.GetUtcNow() + length, cause.By, cause.Why) { FilesHash = next.TextHash() } });
    }

    /// <summary>Has the window be as it was before <see cref="OpenWindow"/>, whose reload was refused.</summary>
    public void TakeBack(ConfirmWindow? before) => SaveOrWarn(_status with { Window = before });

    /// <summary>Waits longer for a return that did not succeed. Not recorded: the next daemon tries at once.</summary>
    public void Postpone(TimeSpan by)
    {
        if (_status.Window is { } window)
            _status = _status with { Window = window with { Until = _time.GetUtcNow() + by, Overdue = true } };
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
        Keep();
    }

    /// <summary>Reads a configuration that has run.</summary>
    /// <param name="number">Its number; null: the one that a window leads back to, else the one before what runs.</param>
    /// <exception cref="IOException">There is none, or it can't be read.</exception>
    public ReadConfig Past(long? number)
    {
        Flush();
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
        var undone = _status.Held is { } before ? before.FilesHash : _current?.Read.TextHash();
        Applied(past, cause);
        SaveOrWarn(_status with { Held = new HeldConfig(number, _time.GetUtcNow(), cause.By, cause.Why) { FilesHash = undone }, Window = null });
    }

    /// <summary>Writes to the history what has been added to it since the last time, which waits for the disk.</summary>
    public void Flush()
    {
        try
        {
            Write();
        }
        catch (IOException error)
        {
            _logger.LogWarning("what runs is not in the history: {Reason}", error.Message);
        }
    }

    /// <summary>What a reload applies: the files; or what runs in their place, where they are as they were when it was brought back: a reload for the sake of a new certificate, or of a signal, is no wish to undo that.</summary>
    /// <param name="files">What the files say.</param>
    public ReadConfig Choose(ReadConfig files)
    {
        if (InPlaceOf(files) is not { } held)
            return files;
        try
        {
            var past = Past(held.Number);
            return past with { Loaded = past.Loaded with { Diagnostics = past.Loaded.Diagnostics.Add(new ReloadDiagnostic(IsError: false, $"configuration {held.Number} of the history runs on: the files are as they were when it was brought back, and penstock reload --files applies them")) } };
        }
        catch (IOException error)
        {
            return new ReadConfig(new LoadedConfig(Config: null, Hash: "", [new ReloadDiagnostic(IsError: true, $"configuration {held.Number} of the history runs on, and can't be read again: {error.Message}: penstock reload --files applies the files")]), files.Files);
        }
    }

    /// <summary>What the files say, for comparison with what runs: with a warning where a reload does not apply them.</summary>
    public LoadedConfig Compared()
    {
        var files = _source.Read();
        if (InPlaceOf(files) is not { } held)
            return files.Loaded;
        var remedy = files.Loaded.Config is null ? "" : ", and penstock reload --files applies them";
        return files.Loaded with { Diagnostics = files.Loaded.Diagnostics.Add(new ReloadDiagnostic(IsError: false, $"configuration {held.Number} of the history runs on over a reload: the files are as they were when it was brought back{remedy}")) };
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
            yield return $"configuration {held.Number} of the history runs, not what the files say, since {held.Since:yyyy-MM-dd HH:mm:ss}Z{Words(held.By, held.Why)}: penstock reload --files applies them";
        if (status.Window is { } window)
            yield return $"what runs is not confirmed{Words(window.By, window.Why)}: configuration {window.Number} of the history comes back at {window.Until:yyyy-MM-dd HH:mm:ss}Z unless penstock reload --confirmed";
        if (_notice is { } notice)
            yield return notice;
        if (_unsaved is { } unsaved)
            yield return unsaved;
        if (status.Trouble is { } trouble)
            yield return $"what runs is not in the history: {trouble}";
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static string Words(string by, string why) => (by.Length == 0 ? "" : $" by {by}") + (why.Length == 0 ? "" : $" ({why})");

    // What runs in place of just this text of the files; null: nothing does, a reload applies them.
    private HeldConfig? InPlaceOf(ReadConfig files) =>
        Status.Held is { FilesHash: { } undone } held && string.Equals(undone, files.TextHash(), StringComparison.Ordinal) ? held : null;

    private (HeldConfig? Held, ConfirmWindow? Window) Recorded()
    {
        try
        {
            return _record.Read();
        }
        catch (IOException error)
        {
            _notice = $"whether a configuration of the history was to run is not known, and what the files say does: {error.Message}";
            _logger.LogError("{Notice}", _notice);
            _isStale = true;
            return (null, null);
        }
    }

    // One that is to run in place of what the files say, at a start; null: it can't.
    private ReadConfig? BroughtBack(long number, out string trouble)
    {
        trouble = "";
        _source.BeginAnew();
        try
        {
            var past = Past(number);
            if (past.Loaded.Config is not null)
            {
                _logger.LogWarning("configuration {Number} of the history runs, not what the files say: penstock reload --files applies them", number);
                return past;
            }

            trouble = past.Loaded.Diagnostics.First(one => one.IsError).Message;
        }
        catch (IOException error)
        {
            trouble = error.Message;
        }

        _source.BeginAnew();
        return null;
    }

    // Null: it is gone or damaged, which is told if it is to run.
    private ApplianceConfig? Readable(long number)
    {
        try
        {
            return Past(number).Loaded.Config;
        }
        catch (IOException)
        {
            return null;
        }
    }

    // The record stays until the files run: where they can't either, the next start tries it again.
    private ReadConfig GiveUp(long number, string reason)
    {
        _notice = $"configuration {number} of the history was to run and can't, so what the files say does: {reason}";
        _logger.LogError("{Notice}", _notice);
        (_status, _isStale) = (KeptStatus.None, true);
        _source.BeginAnew();
        return _source.Read();
    }

    private void Keep()
    {
        if (_current is { } current)
            _status = _status with { Running = _history.Add(current.Read, current.Cause, _time.GetUtcNow()), Trouble = null };
    }

    private void Write()
    {
        try
        {
            _history.Write();
        }
        catch (IOException error)
        {
            if (_status.Held is null)
                _status = _status with { Running = null, Trouble = error.Message };
            throw;
        }
    }

    private void Save(KeptStatus status)
    {
        _record.Write(status);
        _unsaved = null;
        Volatile.Write(ref _status, status);
    }

    private void SaveOrWarn(KeptStatus status)
    {
        try
        {
            Save(status);
            _isStale = false;
        }
        catch (IOException error)
        {
            _isStale = true;
            _unsaved = $"a daemon that starts goes by another configuration than runs now: {error.Message}";
            _logger.LogWarning("{Trouble}", _unsaved);
            Volatile.Write(ref _status, status);
        }
    }
}
