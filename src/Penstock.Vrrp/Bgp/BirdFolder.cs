// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Bgp;

namespace Penstock.Vrrp.Bgp;

/// <summary>Where BIRD's files are.</summary>
/// <param name="State">Folder that outlives a boot: the last good configuration.</param>
/// <param name="Run">Folder that does not.</param>
internal sealed record BirdFolder(string State, string Run)
{
    /// <summary>Of a configuration.</summary>
    public BirdFolder(BirdConfig config)
        : this(config.State, config.Run)
    {
    }

    /// <summary>The last good configuration, which BIRD runs with. It may hold passwords.</summary>
    public string ConfigFile => Path.Combine(State, "bird.conf");

    /// <summary>BIRD's process id; BIRD writes and removes it.</summary>
    public string PidFile => Path.Combine(Run, "bird.pid");

    /// <summary>BIRD's control socket.</summary>
    public string ControlSocket => Path.Combine(Run, BirdConfig.ControlSocketName);

    /// <summary>What BIRD says.</summary>
    public string LogFile => Path.Combine(Run, "log");

    /// <summary>The addresses that the daemon has put on lo.</summary>
    public string AddressFile => Path.Combine(Run, "addresses");

    /// <summary>There while a daemon starts, and has kept the lease of the one before.</summary>
    public string BridgeFile => Path.Combine(Run, "starting");

    /// <summary>What BIRD is started with.</summary>
    public string[] Arguments => ["-f", "-c", ConfigFile, .. RunArguments];

    /// <summary>The last of them: what it has in the run folder, by which it is this daemon's own, wherever its configuration is.</summary>
    public string[] RunArguments => ["-s", ControlSocket, "-P", PidFile];

    /// <summary>That of a BIRD that runs, whichever daemon has started it; null: its arguments are not of this form, which another's may be too.</summary>
    /// <param name="arguments">Its arguments, without its name.</param>
    public static BirdFolder? Of(IReadOnlyList<string> arguments)
    {
        if (arguments is not [_, _, var config, _, _, _, var pid] || Path.GetDirectoryName(config) is not { Length: > 0 } state || Path.GetDirectoryName(pid) is not { Length: > 0 } run || !Path.IsPathRooted(run))
            return null;
        var folder = new BirdFolder(state, run);
        return arguments.SequenceEqual(folder.Arguments, StringComparer.Ordinal) ? folder : null;
    }
}
