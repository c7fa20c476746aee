// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;

namespace Penstock.Daemon.Running;

/// <summary>Notices that the configuration's files have changed: the file itself, and *.yaml in conf.d beside it.</summary>
/// <remarks>
/// Editors write a new file and rename it over the old one, and packages drop several files, so a change counts once nothing has
/// happened for <see cref="Quiet"/>, and only when names, sizes or times differ from what they were.
/// </remarks>
internal sealed class ConfigWatcher : IDisposable
{
    /// <summary>Time without an event after which a change is complete.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(300);

    private const string IncludeDirectory = "conf.d";

    private readonly string _path;
    private readonly string _includes;
    private readonly Action _changed;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private readonly FileSystemWatcher _beside;
    private FileSystemWatcher? _within;
    private string _known;
    private bool _disposed;

    /// <summary>Watches from now on.</summary>
    /// <param name="path">The configuration file.</param>
    /// <param name="changed">Called when a change is complete; must not block.</param>
    /// <param name="logger">Log.</param>
    /// <param name="time">Clock of <see cref="Quiet"/>.</param>
    /// <exception cref="IOException">The host's limit on watches is reached, or a directory is gone.</exception>
    /// <exception cref="UnauthorizedAccessException">conf.d can't be read.</exception>
    public ConfigWatcher(string path, Action changed, ILogger logger, TimeProvider time)
    {
        _path = Path.GetFullPath(path);
        _changed = changed;
        _logger = logger;
        var directory = Path.GetDirectoryName(_path) ?? "/";
        _includes = Path.Combine(directory, IncludeDirectory);
        _known = Fingerprint();
        _timer = time.CreateTimer(_ => Settle(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _beside = Watch(directory, name =>
            string.Equals(name, Path.GetFileName(_path), StringComparison.Ordinal) || string.Equals(name, IncludeDirectory, StringComparison.Ordinal));
        try
        {
            WatchIncludes();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _timer.Dispose();
            _beside.Dispose();
            _within?.Dispose();
        }
    }

    private FileSystemWatcher Watch(string directory, Func<string?, bool> isOurs)
    {
        var watcher = new FileSystemWatcher(directory)
        {
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size,
        };

        void OnEvent(object sender, FileSystemEventArgs change)
        {
            if (isOurs(change.Name) || (change is RenamedEventArgs renamed && isOurs(renamed.OldName))) Restart();
        }

        watcher.Changed += OnEvent;
        watcher.Created += OnEvent;
        watcher.Deleted += OnEvent;
        watcher.Renamed += OnEvent;
        watcher.Error += (_, _) => Restart(); // events were lost: look at the files themselves
        try
        {
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch
        {
            watcher.Dispose();
            throw;
        }
    }

    private void Restart()
    {
        lock (_lock)
        {
            if (!_disposed) _timer.Change(Quiet, Timeout.InfiniteTimeSpan);
        }
    }

    private void Settle()
    {
        var changed = true;
        try
        {
            changed = HaveChanged();
        }
        catch (Exception exception)
        {
            // The catch-all of the timer: conf.d may be unreadable or go away at any time, and a watch may not be had. A reload says what is wrong.
            _logger.LogWarning(exception, "looking at the changed configuration files failed");
        }

        if (changed) _changed();
    }

    private bool HaveChanged()
    {
        lock (_lock)
        {
            if (_disposed) return false;
            WatchIncludes();
            var now = Fingerprint();
            if (string.Equals(now, _known, StringComparison.Ordinal)) return false;
            _known = now;
            return true;
        }
    }

    // conf.d may come, go, or be replaced; a watch on the directory itself doesn't survive that.
    private void WatchIncludes()
    {
        _within?.Dispose();
        _within = null;
        _within = Directory.Exists(_includes)
            ? Watch(_includes, name => name is not null && name.EndsWith(".yaml", StringComparison.Ordinal))
            : null;
    }

    private string Fingerprint()
    {
        IEnumerable<string> files = Directory.Exists(_includes)
            ? Directory.EnumerateFiles(_includes, "*.yaml").Order(StringComparer.Ordinal).Prepend(_path)
            : [_path];
        return string.Join('\n', files.Select(Describe));
    }

    private static string Describe(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? $"{path} {file.Length} {file.LastWriteTimeUtc.Ticks}" : path;
    }
}
