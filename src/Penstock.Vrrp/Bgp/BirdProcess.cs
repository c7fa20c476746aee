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
    private readonly FolderLock _lock;
    private readonly SupervisorThread _thread;
    private readonly BirdSupervisor _supervisor;
    private volatile ProgramStart _start;
    private volatile BirdStatus _status = new(Pid: null, [], ImmutableSortedDictionary<string, long>.Empty, SessionsLost: 0);

    /// <summary>Takes it over: one that runs is watched from now on.</summary>
    /// <param name="folder">Its files.</param>
    /// <param name="start">How it is started.</param>
    /// <param name="logger">Log.</param>
    /// <param name="time">Clock.</param>
    /// <exception cref="AddressApplyException">Another daemon has it, or its folders can't be used.</exception>
    public BirdProcess(BirdFolder folder, ProgramStart start, ILogger logger, TimeProvider time)
    {
        _start = start;
        _thread = new SupervisorThread("bird", logger);
        FolderLock? taken = null;
        BirdSupervisor? supervisor = null;
        try
        {
            ProgramFolders.Make(folder.State, folder.Run);
            _lock = taken = FolderLock.TryTake(folder.Run) ?? throw new AddressApplyException($"another process runs the BIRD of {folder.Run}: stop it, or use another bird.run");
            _supervisor = supervisor = new BirdSupervisor(folder, () => _start, logger, time, _thread.Epoll);
            _thread.Start(Then(_supervisor.TakeOver), Then(_supervisor.Look));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or AddressApplyException)
        {
            _thread.Dispose();
            supervisor?.Dispose();
            taken?.Dispose();
            throw error as AddressApplyException ?? new AddressApplyException($"{folder.Run}: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public BirdStatus Status => _status;

    /// <inheritdoc/>
    public void Use(string binary, string socket) => _start = _start with { Binary = binary, Socket = socket };

    /// <inheritdoc/>
    public void Check(string text) => Do(() => _supervisor.Check(text));

    /// <inheritdoc/>
    public void Apply(string text) => Do(() => _supervisor.Apply(text));

    /// <inheritdoc/>
    public void Stop() => Do(_supervisor.Stop);

    /// <inheritdoc/>
    public void Dispose()
    {
        _thread.Dispose();
        _supervisor.Dispose();
        _lock.Dispose();
    }

    private void Do(Action work) => _thread.Post(Then(work)).GetAwaiter().GetResult();

    private Action Then(Action work) => () =>
    {
        work();
        _status = _supervisor.Status();
    };
}
