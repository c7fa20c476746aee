// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Penstock.Linux;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Bgp;

/// <summary>
/// BIRD: given its configuration, watched, started again when it ends, left alone when this daemon ends. All of it is done on one thread, in the network namespace of the thread that
/// makes this.
/// </summary>
internal sealed class BirdProcess : IBird
{
    /// <summary>Name of what one daemon of a host does, see <see cref="HostTurn"/>: two would renew one lease, and neither's death would be seen.</summary>
    public const string TurnName = "penstock/bgp";

    private readonly FolderLock _lock;
    private readonly Func<IDisposable?> _take;
    private readonly SupervisorThread _thread;
    private readonly BirdSupervisor _supervisor;
    private volatile ProgramStart _start;
    private IDisposable? _turn;
    private volatile BirdStatus _status = new(Pid: null, [], ImmutableSortedDictionary<string, long>.Empty, SessionsLost: 0);

    /// <summary>Takes it over: one that runs is watched from now on.</summary>
    /// <param name="folder">Its files.</param>
    /// <param name="start">How it is started.</param>
    /// <param name="turn">Takes <see cref="TurnName"/>; null: it is not to be had, and that is no reason to do without.</param>
    /// <param name="logger">Log.</param>
    /// <param name="time">Clock.</param>
    /// <exception cref="AddressApplyException">Another daemon has it, or one of this host announces by another, or its folders can't be used.</exception>
    public BirdProcess(BirdFolder folder, ProgramStart start, Func<IDisposable?> turn, ILogger logger, TimeProvider time)
    {
        (_start, _take) = (start, turn);
        _thread = new SupervisorThread("bird", logger);
        FolderLock? taken = null;
        BirdSupervisor? supervisor = null;
        try
        {
            ProgramFolders.Make(folder.State, folder.Run);
            _lock = taken = FolderLock.TryTake(folder.Run) ?? throw new AddressApplyException($"another process runs the BIRD of {folder.Run}: stop it, or use another bird.run");
            _turn = turn();
            _supervisor = supervisor = new BirdSupervisor(folder, TurnName, () => _start, logger, time, _thread.Epoll);
            _thread.Start(Then(_supervisor.TakeOver), Then(_supervisor.Look));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or AddressApplyException)
        {
            _thread.Dispose();
            supervisor?.Dispose();
            _turn?.Dispose();
            taken?.Dispose();
            throw error as AddressApplyException ?? new AddressApplyException($"{folder.Run}: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public BirdStatus Status => _status;

    /// <inheritdoc/>
    public void Use(string binary, string socket) => _start = _start with { Binary = binary, Socket = socket };

    /// <inheritdoc/>
    public void Check(string text)
    {
        _turn ??= _take(); // whoever has kept it may be gone
        Do(() => _supervisor.Check(text));
    }

    /// <inheritdoc/>
    public void Apply(string text) => Do(() => _supervisor.Apply(text));

    /// <inheritdoc/>
    public void Stop() => Do(_supervisor.Stop);

    /// <inheritdoc/>
    public void Dispose()
    {
        _thread.Dispose();
        _supervisor.Dispose();
        _turn?.Dispose();
        _lock.Dispose();
    }

    private void Do(Action work) => _thread.Post(Then(work)).GetAwaiter().GetResult();

    private Action Then(Action work) => () =>
    {
        work();
        _status = _supervisor.Status();
    };
}
