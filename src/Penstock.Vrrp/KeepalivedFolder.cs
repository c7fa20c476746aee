// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp;

/// <summary>Where the files of one group's keepalived are. A group is a sync group, or an instance that is in none; it has a process of its own.</summary>
public sealed class KeepalivedFolder
{
    /// <summary>Name of the lease's file in the folder of all groups.</summary>
    public const string LeaseName = ".lease"; // no group begins with a dot

    /// <summary>Of a group.</summary>
    /// <param name="state">Folder that outlives a boot: the last good configurations.</param>
    /// <param name="run">Folder that does not: process ids, the FIFO.</param>
    /// <param name="group">The group's name, good for a file's name.</param>
    /// <exception cref="ArgumentException">The group's name would lead out of the folders, or is none.</exception>
    public KeepalivedFolder(string state, string run, string group)
    {
        if (!IsFileName(group))
            throw new ArgumentException($"'{group}' is no name for a file", nameof(group));
        (State, Run, Group) = (state, Path.Combine(run, group), group);
        ConfigFile = Path.Combine(state, group + ".conf");
        PidFile = Path.Combine(Run, "keepalived.pid");
        VrrpPidFile = Path.Combine(Run, "vrrp.pid");
        NotifyFifo = Path.Combine(Run, "notify");
        LogFile = Path.Combine(Run, "log");
        HoldingsFile = Path.Combine(Run, "holdings");
        LeaseFile = Path.Combine(run, LeaseName);
    }

    /// <summary>The group's name.</summary>
    public string Group { get; }

    /// <summary>Folder of all groups' configurations.</summary>
    public string State { get; }

    /// <summary>Folder of this group's run-time files.</summary>
    public string Run { get; }

    /// <summary>The last good configuration, which keepalived runs with.</summary>
    public string ConfigFile { get; }

    /// <summary>The parent's process id; keepalived writes and removes it.</summary>
    public string PidFile { get; }

    /// <summary>The process id of its child that speaks VRRP; keepalived writes and removes it.</summary>
    public string VrrpPidFile { get; }

    /// <summary>The FIFO of role changes (<c>vrrp_notify_fifo</c>).</summary>
    public string NotifyFifo { get; }

    /// <summary>What keepalived says.</summary>
    public string LogFile { get; }

    /// <summary>What keepalived may have put on the host, for whoever comes after a daemon that was killed.</summary>
    public string HoldingsFile { get; }

    /// <summary>The daemon's lease, of all groups: its time of change is until when the daemon counts as alive.</summary>
    public string LeaseFile { get; }

    /// <summary>An instance's tracked file (<c>track_file</c>): 0 healthy, -1 to -253 lowers the priority, -254 is FAULT.</summary>
    /// <exception cref="ArgumentException">The instance's name would lead out of the folder, or is none.</exception>
    public string HealthFile(string instance) =>
        IsFileName(instance) ? Path.Combine(Run, "health." + instance) : throw new ArgumentException($"'{instance}' is no name for a file", nameof(instance));

    /// <summary>What the group's keepalived is started with.</summary>
    internal string[] Arguments => ["--dont-fork", "--log-console", "--vrrp", "--use-file", ConfigFile, .. RunArguments];

    /// <summary>The last of them: what it has in the run folder, by which it is the group's own, wherever its configuration is.</summary>
    internal string[] RunArguments => ["--pid", PidFile, "--vrrp_pid", VrrpPidFile];

    /// <summary>That of a keepalived that runs, whichever daemon has started it; null: no daemon has.</summary>
    /// <param name="arguments">Its arguments, without its name.</param>
    internal static KeepalivedFolder? Of(IReadOnlyList<string> arguments)
    {
        if (arguments is not [_, _, _, _, var config, _, _, _, var pid] || Path.GetDirectoryName(config) is not { Length: > 0 } state || Path.GetDirectoryName(pid) is not { Length: > 0 } group)
            return null;
        if (Path.GetDirectoryName(group) is not { } run || !Path.IsPathRooted(run) || !IsFileName(Path.GetFileName(group)))
            return null;
        var folder = new KeepalivedFolder(state, run, Path.GetFileName(group));
        return arguments.SequenceEqual(folder.Arguments, StringComparer.Ordinal) ? folder : null;
    }

    private static bool IsFileName(string name) => name is not ("" or "." or "..") && !name.Contains('/') && !name.Contains('\0');
}
