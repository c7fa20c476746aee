// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Running;

/// <summary>Notices that files which the running configuration names have been replaced.</summary>
/// <remarks>
/// It looks at them every <see cref="Period"/>: they may be anywhere, behind links, and come from other hosts, where no event tells of them. A change counts once it is the same for two looks, so that a
/// certificate and its key, which are replaced one after the other, count together. A file that is gone is no change until there is another: what was read of it is served on.
/// </remarks>
internal sealed class NamedFileWatcher : IDisposable
{
    /// <summary>Time from one look to the next.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    private readonly Action _changed;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private Dictionary<string, string> _known = new(StringComparer.Ordinal);
    private Dictionary<string, string> _seen = new(StringComparer.Ordinal);
    private bool _disposed;

    /// <summary>Watches no file yet.</summary>
    /// <param name="changed">Called when a change is complete; must not block.</param>
    /// <param name="time">Clock of <see cref="Period"/>.</param>
    public NamedFileWatcher(Action changed, TimeProvider time)
    {
        _changed = changed;
        _timer = time.CreateTimer(_ => Look(), state: null, Period, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Watches these files and no others; those that it watched before as it knows them, others as they are now.</summary>
    public void Follow(IEnumerable<string> files)
    {
        Dictionary<string, string> before;
        lock (_lock)
            before = _known;
        var known = files.ToDictionary(file => file, file => before.GetValueOrDefault(file) ?? Describe(file) ?? "", StringComparer.Ordinal);
        lock (_lock)
            _known = known;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _timer.Dispose();
        }
    }

    private void Look()
    {
        string[] files;
        lock (_lock)
            files = [.. _known.Keys];
        var now = files.Select(file => (File: file, Text: Describe(file))).Where(one => one.Text is not null).ToDictionary(one => one.File, one => one.Text!, StringComparer.Ordinal); // others are left out
        if (IsComplete(now))
            _changed();
        lock (_lock)
        {
            if (!_disposed)
                _timer.Change(Period, Timeout.InfiniteTimeSpan);
        }
    }

    private bool IsComplete(Dictionary<string, string> now)
    {
        lock (_lock)
        {
            if (_disposed)
                return false;
            var isStill = now.All(one => string.Equals(_seen.GetValueOrDefault(one.Key), one.Value, StringComparison.Ordinal)) && _seen.Keys.All(file => now.ContainsKey(file) || !_known.ContainsKey(file));
            _seen = now;
            var changed = now.Where(one => _known.TryGetValue(one.Key, out var known) && !string.Equals(known, one.Value, StringComparison.Ordinal)).ToList();
            if (!isStill || changed.Count == 0)
                return false;
            foreach (var (file, text) in changed)
                _known[file] = text;
            return true;
        }
    }

    // Null: it is not there, or can't be looked at.
    private static string? Describe(string path)
    {
        try
        {
            var link = new FileInfo(path);
            var file = link.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? link;
            return file.Exists ? $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks} {file.UnixFileMode}" : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
