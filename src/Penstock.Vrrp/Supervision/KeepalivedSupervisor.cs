// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Penstock.Linux;
using Penstock.Linux.Netlink;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp.Supervision;

/// <summary>Looks after one group's keepalived. Not for several threads at a time.</summary>
internal sealed class KeepalivedSupervisor : IDisposable
{
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(10), s_stopLimit = TimeSpan.FromSeconds(8), s_reloadLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    private readonly KeepalivedFolder _folder;
    private readonly Func<ProgramStart> _start;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly int _epoll;
    private readonly FifoLines _notifyLines = new(), _outputLines = new();
    private readonly KeepalivedLog _log;
    private readonly Holdings _holdings;
    private readonly RoleReports _roles;
    private readonly ProgramConfigFile _config;
    private readonly RestartBackoff _backoff;
    private readonly InterfaceNetlink _netlink;
    private ImmutableSortedDictionary<string, long> _restarts = ImmutableSortedDictionary<string, long>.Empty.WithComparers(StringComparer.Ordinal);
    private Fifo _notify, _output;
    private KeepalivedPair? _pair;
    private string? _judged;
    private bool _isWanted;
    private bool _isChildLost;
    private long _endedAt;
    private TimeSpan _wait;

    /// <summary>Of a group.</summary>
    /// <param name="folder">Its files; the folders are there.</param>
    /// <param name="start">How keepalived is started, as the running configuration has it.</param>
    /// <param name="logger">Log.</param>
    /// <param name="time">Clock.</param>
    /// <param name="epoll">Gets the descriptors that say when to <see cref="Look"/>.</param>
    /// <param name="changed">Told of changes of role.</param>
    /// <exception cref="IOException">Files can't be read or made.</exception>
    public KeepalivedSupervisor(KeepalivedFolder folder, Func<ProgramStart> start, ILogger logger, TimeProvider time, int epoll, Action<VrrpRoleChange>? changed)
    {
        (_folder, _start, _logger, _time, _epoll) = (folder, start, logger, time, epoll);
        _notify = Fifo.Open(folder.NotifyFifo);
        _output = Fifo.Open(folder.LogFile);
        _log = new KeepalivedLog(folder.Group, logger, time);
        var run = Path.GetDirectoryName(folder.Run) ?? folder.Run;
        _holdings = new Holdings(folder.HoldingsFile, logger, name => HostTurn.IsAnothers(name, run));
        _roles = new RoleReports(folder, logger, time, changed);
        _config = new ProgramConfigFile(folder.ConfigFile, folder.Run);
        _backoff = new RestartBackoff(time);
        _netlink = new InterfaceNetlink();
        _ = Epoll.Add(epoll, _notify.Descriptor, EpollEvents.In, 1);
        _ = Epoll.Add(epoll, _output.Descriptor, EpollEvents.In, 2);
    }

    /// <summary>As it stands.</summary>
    public KeepalivedStatus Status() => new(_folder.Group, _pair?.Parent.Pid, _roles.Book.Roles, _restarts, _roles.Unknown, _log.RunsScripts);

    /// <summary>Watches the keepalived that runs, if one does, and ends it where the folder of configurations is another since; else takes off the host what one has left.</summary>
    /// <param name="network">A name that is taken in this network namespace, see <see cref="ProgramProcess.Search"/>; null: none is.</param>
    /// <exception cref="AddressApplyException">One that has to end does not.</exception>
    public void TakeOver(string? network)
    {
        _holdings.Load();
        _roles.Book.Track(_holdings.Instances.Select(instance => instance.Name));
        if (KeepalivedPair.Find(_folder, network) is not { } running)
        {
            KeepalivedPair.EndOrphan(_folder);
            _ = _notifyLines.Read(_notify);
            Release("a keepalived that has died");
        }
        else if (!running.HasConfig)
        {
            using var old = running;
            old.End(s_stopLimit);
            if (!old.Parent.HasEnded)
                throw NotOurs(old); // it would share the lease and the files with the one that comes
            _ = _notifyLines.Read(_notify);
            Release("a keepalived whose configuration was in another folder");
            _logger.LogWarning("keepalived {Group}, process {Pid}, has ended: its configuration was in another folder than {State}", _folder.Group, old.Parent.Pid, _folder.State);
        }
        else
        {
            Watch(running);
            _roles.Recall();
            ReadReports();
            _roles.Verify(_netlink, _holdings.Instances);
            _roles.Announce();
            _logger.LogInformation("keepalived {Group} runs, process {Pid}, and is watched", _folder.Group, running.Parent.Pid);
        }
    }

    /// <summary>Reads what keepalived reports, and does what its state asks for.</summary>
    public void Look()
    {
        ReadReports();
        if (_pair is null)
        {
            if (_isWanted && _time.GetElapsedTime(_endedAt) >= _wait)
                Restart();
        }
        else if (_pair.Parent.HasEnded)
        {
            Lost("ended", "has ended");
        }
        else if (_pair.IsStopped)
        {
            _pair.End(TimeSpan.Zero);
            Lost("stopped", "was stopped by a signal, and is ended");
        }
        else
        {
            LookAfterChild(_pair);
        }
    }

    /// <summary>Has keepalived judge a configuration, unless it is the one it runs by or has judged last.</summary>
    /// <exception cref="AddressApplyException">It refuses it, or could not be asked.</exception>
    public void Check(string text)
    {
        if (IsLoaded(text) || string.Equals(text, _judged, StringComparison.Ordinal))
            return;
        try
        {
            _config.Propose(text);
            ConfigTest.Keepalived(_start().Binary, _config.Candidate, _folder.Group);
            _judged = text;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AddressApplyException($"keepalived {_folder.Group}: {error.Message}", error);
        }
        finally
        {
            File.Delete(_config.Candidate);
        }
    }

    /// <summary>Has keepalived run by a configuration.</summary>
    /// <exception cref="AddressApplyException">It could not.</exception>
    public void Apply(KeepalivedPlan plan)
    {
        Look();
        if (IsLoaded(plan.Text))
        {
            Hold(plan.Instances);
            return;
        }

        try
        {
            foreach (var instance in plan.Instances)
                HealthFile.Ensure(_folder.HealthFile(instance.Name));
            Check(plan.Text);
            _config.Propose(plan.Text);
            var before = (_config.Text, _holdings.Instances);
            _holdings.Save(Holdings.Union(before.Instances, plan.Instances));
            _config.Accept(plan.Text);
            try
            {
                if (_pair is null)
                    StartFirst(plan);
                else
                    Reload(_pair, plan);
            }
            catch (Exception error) when (error is IOException or AddressApplyException)
            {
                _config.Restore(before.Text);
                Hold(before.Instances);
                throw;
            }

            Hold(plan.Instances);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NetlinkException)
        {
            throw new AddressApplyException($"keepalived {_folder.Group}: {error.Message}", error);
        }
        finally
        {
            _judged = null; // interfaces may have changed by the next time
            File.Delete(_config.Candidate);
        }
    }

    /// <summary>Ends keepalived, and removes what it and this daemon have in the run folder.</summary>
    public void Stop()
    {
        _isWanted = false;
        if (_pair is { } running)
        {
            running.End(s_stopLimit);
            if (!running.Parent.HasEnded)
                throw NotOurs(running); // it may have its addresses still
            ReadReports();
            Unwatch();
        }

        Release("a keepalived that was told to end");
        _roles.Forget();
        Directory.Delete(_folder.Run, recursive: true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pair?.Dispose();
        _netlink.Dispose();
        _notify.Dispose();
        _output.Dispose();
    }

    private bool IsLoaded(string text) => _pair is not null && _config.IsLoaded(text);

    private void Hold(ImmutableArray<KeepalivedInstance> instances)
    {
        if (!Holdings.Format(instances).SequenceEqual(Holdings.Format(_holdings.Instances), StringComparer.Ordinal))
            _holdings.Save(instances);
        _roles.Book.Track(instances.Select(instance => instance.Name));
    }

    private void StartFirst(KeepalivedPlan plan)
    {
        Release("a keepalived that has died");
        _roles.Book.Track(plan.Instances.Select(instance => instance.Name));
        var wasWanted = _isWanted;
        Start();
        try
        {
            AwaitChild();
        }
        catch (AddressApplyException)
        {
            _pair?.End(TimeSpan.Zero);
            Unwatch();
            _isWanted = wasWanted; // by the configuration before
            Release("a keepalived that did not start");
            throw;
        }

        _logger.LogInformation("keepalived {Group} runs, process {Pid}", _folder.Group, _pair?.Parent.Pid);
    }

    // A signal before keepalived is ready for it would end it; so the child has to be there.
    private void Reload(KeepalivedPair running, KeepalivedPlan plan)
    {
        AwaitChild();
        _log.BeginReload();
        if (!running.Parent.Signal(ProcessSignal.HangUp) && !running.Parent.HasEnded)
            throw NotOurs(running);
        _config.Loaded();
        _roles.Book.Track(plan.Instances.Select(instance => instance.Name));
        _logger.LogInformation("keepalived {Group} reads its configuration again", _folder.Group);

        // What it does not have any more counts as its own until it is off the host.
        var kept = plan.Instances.SelectMany(instance => instance.Addresses).ToHashSet();
        ImmutableArray<KeepalivedInstance> leaving =
        [
            .. _holdings.Instances.Select(instance => instance with { Addresses = instance.Addresses.RemoveAll(kept.Contains) }).Where(instance => !instance.Addresses.IsEmpty),
        ];
        var macvlans = plan.Instances.SelectMany(instance => instance.Macvlans).ToHashSet(StringComparer.Ordinal);
        string[] going = [.. _holdings.Instances.SelectMany(instance => Holdings.Macvlans(_netlink, instance)).Where(name => !macvlans.Contains(name))];
        Await(s_reloadLimit, () => leaving.All(instance => Holdings.Has(_netlink, instance) == false) && going.All(name => NetworkDevice.Index(name) == 0));

        // keepalived 2.2 does not always report an instance that has come into a sync group.
        ReadReports();
        _roles.Verify(_netlink, plan.Instances.Where(instance => _roles.Book.Of(instance.Name) == VrrpRole.Unknown));
    }

    private AddressApplyException NotOurs(KeepalivedPair running) =>
        new($"keepalived {_folder.Group}: process {running.Parent.Pid} takes no signals from this daemon: it is another user's; end it as root");

    private void Restart()
    {
        try
        {
            Start();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _endedAt = _time.GetTimestamp();
            _wait = _backoff.Ended();
            _logger.LogError("keepalived {Group} could not be started, again in {Wait} s: {Error}", _folder.Group, _wait.TotalSeconds, error.Message);
        }
    }

    private void Start()
    {
        // One that has been removed is made again: keepalived would make one of its own, which nobody reads.
        _notify = OpenAnew(_notify, _folder.NotifyFifo, 1);
        _output = OpenAnew(_output, _folder.LogFile, 2);
        _log.Begin();
        _backoff.Started();
        Watch(KeepalivedPair.Start(_folder, _start(), _output));
        _config.Loaded();
    }

    private Fifo OpenAnew(Fifo before, string path, ulong token)
    {
        var fifo = Fifo.Open(path);
        _ = Epoll.Add(_epoll, fifo.Descriptor, EpollEvents.In, token);
        before.Dispose();
        return fifo;
    }

    private void Watch(KeepalivedPair pair)
    {
        (_pair, _isWanted, _isChildLost) = (pair, true, false);
        _ = Epoll.Add(_epoll, pair.Parent.Descriptor, EpollEvents.In, 3);
        WatchChild(pair);
    }

    private void WatchChild(KeepalivedPair pair)
    {
        if (pair.ChildDescriptor is { } child)
            _ = Epoll.Add(_epoll, child, EpollEvents.In, 4);
    }

    // A closed descriptor leaves the epoll instance by itself.
    private void Unwatch()
    {
        _pair?.Dispose();
        _pair = null;
    }

    // The parent starts another child, at once if it is the first that dies; meanwhile the addresses are nobody's.
    private void LookAfterChild(KeepalivedPair running)
    {
        if (running.IsChildless && !_isChildLost)
        {
            _isChildLost = true;
            Release("a child of keepalived that has died");
            _roles.Forget();
            if (running.ChildDescriptor is { } dead)
                _ = Epoll.Remove(_epoll, dead);
        }

        if (!running.LookForChild())
            return;
        WatchChild(running);
        if (!_isChildLost)
            return;
        _isChildLost = false;
        Count("child");
        _logger.LogError("keepalived {Group} has lost its child, and has started another", _folder.Group);
    }

    private void Lost(string reason, string words)
    {
        Release("a keepalived that " + words);
        _pair?.EndChild();
        ReadReports();
        Release("a keepalived that " + words);
        _roles.Forget();
        Unwatch();
        Count(reason);
        _endedAt = _time.GetTimestamp();
        _wait = _backoff.Ended();
        _logger.LogError(
            "keepalived {Group} {What}; it is started again in {Wait} s; its last words: {Words}", _folder.Group, words, _wait.TotalSeconds, _log.LastWords);
    }

    private void AwaitChild()
    {
        Await(s_startLimit, () =>
        {
            ReadReports();
            return _pair is not { } pair || pair.LookForChild() || pair.IsUp || pair.Parent.HasEnded;
        });
        if (_pair is not { IsUp: true } up || up.Parent.HasEnded)
            throw new AddressApplyException($"keepalived {_folder.Group} did not start: {_log.LastWords}");
        WatchChild(up);
    }

    private static void Await(TimeSpan limit, Func<bool> condition)
    {
        for (var left = limit; !condition() && left > TimeSpan.Zero; left -= s_pause)
            Thread.Sleep(s_pause);
    }

    private void ReadReports()
    {
        foreach (var line in _outputLines.Read(_output))
            _log.Take(line);
        _roles.Take(_notifyLines.Read(_notify));
    }

    private void Release(string whose)
    {
        if (_holdings.Release(_netlink) is { Count: > 0 } released)
            _logger.LogWarning("keepalived {Group}: {What}, left by {Whose}, taken off this host", _folder.Group, string.Join(", ", released), whose);
    }

    private void Count(string reason) => _restarts = _restarts.SetItem(reason, _restarts.GetValueOrDefault(reason) + 1);
}
