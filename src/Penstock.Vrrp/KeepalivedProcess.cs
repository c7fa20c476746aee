// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Penstock.Linux;
using Penstock.Linux.Netlink;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp;

/// <summary>
/// One group's keepalived: given its configuration, watched, started again when it ends, left alone when this daemon ends. All of it is done on one thread, in the network
/// namespace of the thread that makes this.
/// </summary>
internal sealed class KeepalivedProcess : IKeepalived
{
    // What no descriptor tells (a process that is stopped, a child that was started again) is looked for so often.
    private const int LookMilliseconds = 250;
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    private readonly KeepalivedFolder _folder;
    private readonly ILogger _logger;
    private readonly FolderLock _lock;
    private readonly FileDescriptor _epoll = Epoll.Create();
    private readonly FileDescriptor _wake = Epoll.CreateEventCounter();
    private readonly ConcurrentQueue<(Action<KeepalivedSupervisor> Work, TaskCompletionSource Done)> _requests = new();
    private readonly Dictionary<string, int> _health = new(StringComparer.Ordinal);
    private readonly Thread _thread;
    private volatile bool _isEnding;
    private volatile KeepalivedStatus _status;

    /// <summary>Takes a group over: a keepalived of it that runs is watched from now on; what one that has died has left on the host is taken off.</summary>
    /// <param name="folder">Its files.</param>
    /// <param name="start">How keepalived is started.</param>
    /// <param name="logger">Log.</param>
    /// <param name="time">Clock.</param>
    /// <param name="changed">Told of each change of role, on this process's own thread; must not wait.</param>
    /// <exception cref="VrrpApplyException">Another daemon has the group, or its folders can't be used.</exception>
    public KeepalivedProcess(KeepalivedFolder folder, KeepalivedStart start, ILogger logger, TimeProvider time, Action<VrrpRoleChange>? changed = null)
    {
        (_folder, _logger) = (folder, logger);
        _status = new KeepalivedStatus(folder.Group, null, [], ImmutableSortedDictionary<string, long>.Empty, 0, RunsScripts: true);
        var found = new TaskCompletionSource();
        FolderLock? taken = null;
        try
        {
            Directory.CreateDirectory(folder.State, FolderMode);
            Directory.CreateDirectory(folder.Run, FolderMode);
            _lock = taken = FolderLock.TryTake(folder.Run) ?? throw new VrrpApplyException($"{folder.Run}: another daemon has it");
            var supervisor = new KeepalivedSupervisor(folder, start, logger, time, _epoll.Number, changed);
            _thread = new Thread(() => Run(supervisor, found)) { Name = "keepalived " + folder.Group, IsBackground = true };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NetlinkException or VrrpApplyException)
        {
            taken?.Dispose();
            _epoll.Dispose();
            _wake.Dispose();
            throw error as VrrpApplyException ?? new VrrpApplyException($"{folder.Run}: {error.Message}", error);
        }

        _ = Epoll.Add(_epoll.Number, _wake.Number, EpollEvents.In, 0);
        _thread.Start();
        try
        {
            found.Task.GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NetlinkException)
        {
            Leave();
            throw new VrrpApplyException($"{folder.Run}: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public KeepalivedStatus Status => _status;

    /// <inheritdoc/>
    public void Check(string text) => Post(supervisor => supervisor.Check(text)).GetAwaiter().GetResult();

    /// <summary>
    /// Has keepalived run by a configuration: nothing happens if it does so already; else keepalived checks it, and is started or told to read it. Done when it runs.
    /// </summary>
    /// <exception cref="VrrpApplyException">It is refused, or keepalived could not be started. What ran before runs on.</exception>
    public Task ApplyAsync(KeepalivedPlan plan) => Post(supervisor => supervisor.Apply(plan));

    /// <summary>Tells keepalived how well an instance is: 0; -1 to -253, by which its priority is lower; -254, and it gives its addresses up.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void SetHealth(string instance, int value)
    {
        lock (_health)
        {
            if (_health.TryGetValue(instance, out var known) && known == value)
                return;
            HealthFile.Write(_folder.HealthFile(instance), value);
            _health[instance] = value;
        }
    }

    /// <summary>Ends keepalived in an orderly way, so that another host takes over at once; sees to it that its addresses are gone, and removes its run-time files.</summary>
    public async Task StopAsync()
    {
        await Post(supervisor => supervisor.Stop());
        Leave();
    }

    /// <summary>Ends the watching; keepalived goes on. The next daemon takes it over.</summary>
    public void Leave()
    {
        _isEnding = true;
        if (!_wake.IsClosed)
            Epoll.Signal(_wake.Number);
        _thread.Join();
        _lock.Dispose();
        _epoll.Dispose();
        _wake.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => Leave();

    private Task Post(Action<KeepalivedSupervisor> work)
    {
        ObjectDisposedException.ThrowIf(_isEnding, this);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _requests.Enqueue((work, done));
        Epoll.Signal(_wake.Number);
        return done.Task;
    }

    private void Run(KeepalivedSupervisor supervisor, TaskCompletionSource found)
    {
        Span<EpollEvent> events = stackalloc EpollEvent[8];
        Do(supervisor, supervisor => supervisor.TakeOver(), found);
        while (!_isEnding)
        {
            _ = Epoll.Wait(_epoll.Number, events, LookMilliseconds);
            Epoll.Clear(_wake.Number);
            try
            {
                supervisor.Look();
                _status = supervisor.Status();
            }
            catch (Exception error) // the loop goes on: nobody else would look after keepalived
            {
                _logger.LogError(error, "keepalived {Group} could not be looked after", _folder.Group);
            }

            while (_requests.TryDequeue(out var request))
                Do(supervisor, request.Work, request.Done);
        }

        supervisor.Dispose();
        while (_requests.TryDequeue(out var late))
            late.Done.SetException(new ObjectDisposedException(nameof(KeepalivedProcess)));
    }

    private void Do(KeepalivedSupervisor supervisor, Action<KeepalivedSupervisor> work, TaskCompletionSource done)
    {
        try
        {
            work(supervisor);
            _status = supervisor.Status();
            done.SetResult();
        }
        catch (Exception error) // the caller's
        {
            done.SetException(error);
        }
    }
}
