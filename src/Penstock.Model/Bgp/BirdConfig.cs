// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.Bgp;

/// <summary>BIRD 2, which speaks BGP: one process.</summary>
public sealed record BirdConfig
{
    /// <summary>Name of BIRD's control socket in <see cref="Run"/>.</summary>
    public const string ControlSocketName = "bird.ctl";

    /// <summary>The program. Default /usr/sbin/bird.</summary>
    [Text(TextForm.FilePath)]
    public string Binary { get; init; } = "/usr/sbin/bird";

    /// <summary>Template (Handlebars) of BIRD's configuration, in place of the built-in one where the file is there. Default /etc/penstock/templates/bird.conf.</summary>
    [Text(TextForm.FilePath)]
    public string Template { get; init; } = "/etc/penstock/templates/bird.conf";

    /// <summary>Folder of the configuration BIRD runs by. Default /var/lib/penstock/bird.</summary>
    [Text(TextForm.FilePath)]
    public string State { get; init; } = "/var/lib/penstock/bird";

    /// <summary>Folder of its process id, log and control socket, and of the list of addresses that the daemon has put on lo. Default /run/penstock/bird.</summary>
    [Text(TextForm.FilePath)]
    public string Run { get; init; } = "/run/penstock/bird";

    /// <summary>Socket by which systemd starts BIRD as a unit of its own (penstock-bird.socket). Where it is not there, penstock starts BIRD itself. Default /run/penstock-bird.sock.</summary>
    [Text(TextForm.FilePath)]
    public string Socket { get; init; } = "/run/penstock-bird.sock";

    /// <summary>Time without a sign of life of the daemon after which the addresses are withdrawn, whole seconds, to within one. Default 3 s.</summary>
    [Range("2s", "1h")]
    public TimeSpan DeadAfter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The same for a daemon that was told to stop, or starts again after it has died, and whose services the kernel goes on with (l4.engine xdp or ipvs, no listener): time for a
    /// restart or an upgrade, whole seconds. Default 30 s.
    /// </summary>
    [Range("0s", "1h")]
    public TimeSpan RestartGrace { get; init; } = TimeSpan.FromSeconds(30);
}
