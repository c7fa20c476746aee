// SPDX-License-Identifier: Apache-2.0
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
    private readonly KeepalivedFolder _folder;
    private readonly FolderLock _lock;
    private readonly SupervisorThread _thread;
    private readonly KeepalivedSupervisor _supervisor;
    private readonly Dictionary<string, int> _health = new(StringComparer.Ordinal);
    private volatile KeepalivedStatus _status;
    private volatile ProgramStart _start;

    /// <summary>Takes a group over: a keepalived of it that runs is watched from now on; what one that has died has left on the host is taken off.</summary>
    /// <param name="folder">Its files.</param>
    /// <param name="start">How keepalived is started.</param>
    /// <param name="logger">Log.</param>
    /// <param name="time">Clock.</param>
    /// <param name="changed">Told of each change of role, on this process's own thread; must not wait.</param>
    /// <param name="network">A name that is taken in this network namespace, by which a keepalived is found whose process id is written nowhere; null: none is.</param>
    /// <exception cref="AddressApplyException">Another daemon has the group, or its folders can't be used.</exception>
    public KeepalivedProcess(KeepalivedFolder folder, ProgramStart start, ILogger logger, TimeProvider time, Action<VrrpRoleChange>? changed = null, string? network = null)
    {
        (_folder, _start) = (folder, start);
        _status = new KeepalivedStatus(folder.Group, null, [], ImmutableSortedDictionary<string, long>.Empty, 0, RunsScripts: true);
        _thread = new SupervisorThread("keepalived " + folder.Group, logger);
        FolderLock? taken = null;
        KeepalivedSupervisor? supervisor = null;
        try
        {
            ProgramFolders.Make(folder.State, folder.Run);
            _lock = taken = FolderLock.TryTake(folder.Run) ?? throw new AddressApplyException($"{folder.Run}: another daemon has it");
            _supervisor = supervisor = new KeepalivedSupervisor(folder, () => _start, logger, time, _thread.Epoll, changed);
            _thread.Start(Then(() => _supervisor.TakeOver(network)), Then(_supervisor.Look));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NetlinkException or AddressApplyException)
        {
            _thread.Dispose();
            supervisor?.Dispose();
            taken?.Dispose();
            throw error as AddressApplyException ?? new AddressApplyException($"{folder.Run}: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public KeepalivedStatus Status => _status;

    /// <inheritdoc/>
    public void Use(string binary, string socket) => _start = _start with { Binary = binary, Socket = socket };

    /// <inheritdoc/>
    public void Check(string text) => _thread.Post(Then(() => _supervisor.Check(text))).GetAwaiter().GetResult();

    /// <summary>
    /// Has keepalived run by a configuration: nothing happens if it does so already; else keepalived checks it, and is started or told to read it. Done when it runs.
    /// </summary>
    /// <exception cref="AddressApplyException">It is refused, or keepalived could not be started. What ran before runs on.</exception>
    public Task ApplyAsync(KeepalivedPlan plan) => _thread.Post(Then(() => _supervisor.Apply(plan)));

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
        await _thread.Post(Then(_supervisor.Stop));
        Leave();
    }

    /// <summary>Ends the watching; keepalived goes on. The next daemon takes it over.</summary>
    public void Leave()
    {
        _thread.Dispose();
        _supervisor.Dispose();
        _lock.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => Leave();

    private Action Then(Action work) => () =>
    {
        work();
        _status = _supervisor.Status();
    };
}
