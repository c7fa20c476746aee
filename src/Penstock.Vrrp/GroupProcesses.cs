// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Linux;
using Penstock.Linux.Netlink;
using Penstock.Model;
using Penstock.Model.Vrrp;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp;

/// <summary>The keepaliveds of all groups, brought from one configuration to the next. One thread changes them, any reads <see cref="Current"/>.</summary>
/// <param name="create">Makes the one of a group, or adopts it; whether the group is configured, so that its roles are those of this host.</param>
/// <param name="turn">Takes a virtual router, see <see cref="RouterTurns"/>.</param>
/// <param name="strays">Finds what daemons with other folders have left, see <see cref="StrayKeepaliveds.Find"/>.</param>
/// <param name="logger">Log.</param>
internal sealed class GroupProcesses(
    Func<ApplianceConfig, KeepalivedFolder, bool, IKeepalived> create,
    Func<string, string, string, IDisposable?> turn,
    Func<string, IReadOnlyList<VrrpInstanceConfig>, IReadOnlyList<KeepalivedFolder>> strays,
    ILogger logger) : IDisposable
{
    private readonly RouterTurns _routers = new(turn);
    private volatile Set _current = Set.Empty;
    private KeepalivedConfig _settings = new();
    private KeepalivedConfig _started = new(); // by which those that run were put in place
    private FolderLock? _turn;
    private bool _isStarted;

    /// <summary>What runs.</summary>
    public Set Current => _current;

    /// <summary>Has the groups of a configuration run, and no others. All are judged by keepalived before the first thing changes.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="starting">Called for each group before it is started or reloaded.</param>
    /// <exception cref="AddressApplyException">They can't; what ran before runs on.</exception>
    public void Apply(ApplianceConfig config, Action<VrrpGroup, IKeepalived> starting)
    {
        var (before, wanted) = (_current, VrrpGroup.Of(config));
        var names = wanted.Select(group => group.Name).ToHashSet(StringComparer.Ordinal);
        var isNew = Take(config);
        var processes = new Dictionary<string, IKeepalived>(StringComparer.Ordinal);
        var (added, stopped) = (new List<Added>(), new List<VrrpGroup>());
        try
        {
            var left = strays(config.Keepalived.Run, _routers.Take(config.Keepalived.Run, config.Vrrp));
            foreach (var group in wanted)
            {
                if (!before.Processes.TryGetValue(group.Name, out var process))
                {
                    process = create(config, group.Folder, true);
                    added.Add(new Added(group.Name, process, process.Status.Pid is not null));
                }

                processes.Add(group.Name, process);
                process.Use(config.Keepalived.Binary, config.Keepalived.Socket);
                process.Check(group.Plan.Text);
            }

            if (isNew)
                StopLeftovers(config, names);
            StopStrays(config, left);

            // What moves between groups, an address or a macvlan's name, leaves the one before it comes to the other: the end of the one would take it off.
            foreach (var group in before.Groups.Where(group => !names.Contains(group.Name) && group.Holds.Overlaps(wanted.SelectMany(other => other.Holds))))
            {
                Stop(group.Name, before.Processes[group.Name]);
                stopped.Add(group);
            }

            foreach (var group in LosersFirst(wanted, before.Groups))
            {
                starting(group, processes[group.Name]);
                processes[group.Name].ApplyAsync(group.Plan).GetAwaiter().GetResult();
            }
        }
        catch
        {
            Undo(config, added, stopped, wanted, starting);
            _routers.Keep(_current.Instances);
            if (isNew)
                Release();
            throw;
        }

        (_current, _started) = (new Set(wanted, processes), config.Keepalived);
        foreach (var group in before.Groups.Where(group => !names.Contains(group.Name) && !stopped.Contains(group)))
            Stop(group.Name, before.Processes[group.Name]);
        _routers.Keep(_current.Instances);
        if (wanted.Count == 0)
            Release();
    }

    /// <summary>Leaves all to the next daemon.</summary>
    public void Dispose()
    {
        foreach (var process in _current.Processes.Values)
            process.Dispose();
        _current = Set.Empty;
        _routers.Dispose();
        Release();
    }

    // One daemon at a time goes by a run folder, as long as it has instances, or may have to end those of a daemon before.
    private bool Take(ApplianceConfig config)
    {
        var wanted = config.Keepalived;
        if (_turn is not null)
        {
            return config.Vrrp.IsEmpty || (string.Equals(wanted.Run, _settings.Run, StringComparison.Ordinal) && string.Equals(wanted.State, _settings.State, StringComparison.Ordinal))
                ? false
                : throw new AddressApplyException("keepalived: run and state can't move while VRRP instances run: restart the daemon");
        }

        var isFirst = !_isStarted;
        _isStarted = true;
        if (config.Vrrp.IsEmpty && !(isFirst && Directory.Exists(wanted.Run)))
            return false;
        try
        {
            ProgramFolders.Make(wanted.Run, wanted.State);
            _settings = wanted;
            _turn = FolderLock.TryTake(wanted.Run);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (config.Vrrp.IsEmpty)
                return false; // another user's, and nothing is asked for
            throw new AddressApplyException($"keepalived: {error.Message}", error);
        }

        return _turn is not null || config.Vrrp.IsEmpty
            ? _turn is not null
            : throw new AddressApplyException($"another process runs the VRRP instances of {wanted.Run}: stop it, or use another keepalived.run");
    }

    private void Release()
    {
        _turn?.Dispose();
        _turn = null;
    }

    // Groups that a daemon before has run, and that are configured no more.
    private void StopLeftovers(ApplianceConfig config, HashSet<string> wanted)
    {
        foreach (var name in Directory.EnumerateDirectories(config.Keepalived.Run).Select(folder => Path.GetFileName(folder)).Except(wanted, StringComparer.Ordinal))
        {
            try
            {
                var folder = new KeepalivedFolder(config.Keepalived.State, config.Keepalived.Run, name);
                if (!File.Exists(folder.ConfigFile) && !File.Exists(folder.PidFile)) // state may be another since
                    continue;
                Stop(name, create(config, folder, false));
                File.Delete(folder.ConfigFile);
                logger.LogInformation("keepalived of {Group}, which is configured no more, has ended", name);
            }
            catch (Exception error) when (error is AddressApplyException or IOException or UnauthorizedAccessException)
            {
                logger.LogError(error, "keepalived of {Group}, which is configured no more, could not be ended", name);
            }
        }
    }

    // They would be master beside those that come, and take the addresses off when they give them up; so they have to end. One whose daemon lives is refused to this one.
    private void StopStrays(ApplianceConfig config, IEnumerable<KeepalivedFolder> left)
    {
        foreach (var folder in left)
        {
            try
            {
                using var process = create(config, folder, false);
                process.StopAsync().GetAwaiter().GetResult();
                logger.LogWarning("keepalived of {Folder}, left by a daemon that does not run any more, has ended: this one speaks for its routers", folder.Run);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or NetlinkException)
            {
                throw new AddressApplyException($"keepalived of {folder.Run}, left by a daemon that does not run any more, does not end: {error.Message}", error);
            }
        }
    }

    // Those that were there run by what they ran by; those that were not end.
    private void Undo(ApplianceConfig config, List<Added> added, List<VrrpGroup> stopped, List<VrrpGroup> wanted, Action<VrrpGroup, IKeepalived> starting)
    {
        foreach (var one in added)
        {
            if (one.RanBefore)
                one.Process.Dispose(); // a daemon before has left it, and its addresses are in use
            else
                Stop(one.Name, one.Process);
        }

        var processes = _current.Processes.ToDictionary(StringComparer.Ordinal);
        foreach (var process in processes.Values)
            process.Use(_started.Binary, _started.Socket);
        foreach (var group in LosersFirst(_current.Groups, wanted))
        {
            try
            {
                if (stopped.Contains(group))
                {
                    processes.Remove(group.Name);
                    processes[group.Name] = create(config, group.Folder, true);
                    starting(group, processes[group.Name]);
                }

                processes[group.Name].ApplyAsync(group.Plan).GetAwaiter().GetResult();
            }
            catch (AddressApplyException error)
            {
                logger.LogError(error, "keepalived of {Group} does not take back what it ran by", group.Name);
            }
        }

        _current = new Set([.. _current.Groups.Where(group => processes.ContainsKey(group.Name))], processes);
    }

    // As above: the one's reload would take it off again.
    private static IEnumerable<VrrpGroup> LosersFirst(IReadOnlyList<VrrpGroup> after, IReadOnlyList<VrrpGroup> before) =>
        after.OrderBy(group => before.Any(old => old.Name == group.Name && !old.Holds.IsSubsetOf(group.Holds)) ? 0 : 1);

    private void Stop(string name, IKeepalived process)
    {
        try
        {
            process.StopAsync().GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is AddressApplyException or IOException or UnauthorizedAccessException or NetlinkException)
        {
            logger.LogError(error, "keepalived of {Group} does not end", name);
        }
        finally
        {
            process.Dispose();
        }
    }

    /// <summary>Groups, and the process of each by its name.</summary>
    /// <param name="Groups">Groups, in file order.</param>
    /// <param name="Processes">Processes.</param>
    internal sealed record Set(IReadOnlyList<VrrpGroup> Groups, IReadOnlyDictionary<string, IKeepalived> Processes)
    {
        /// <summary>None.</summary>
        public static Set Empty { get; } = new([], new Dictionary<string, IKeepalived>(StringComparer.Ordinal));

        /// <summary>Instances of all groups.</summary>
        public IEnumerable<VrrpInstanceConfig> Instances => Groups.SelectMany(group => group.Instances);
    }

    private sealed record Added(string Name, IKeepalived Process, bool RanBefore);
}
