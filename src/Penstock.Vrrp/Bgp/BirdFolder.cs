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
    public string[] Arguments => ["-f", "-c", ConfigFile, "-s", ControlSocket, "-P", PidFile];
}
