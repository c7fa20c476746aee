// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.Vrrp;

/// <summary>keepalived, which runs the VRRP instances: one process for each sync group and for each instance that is in none, so that they can't move one another.</summary>
public sealed record KeepalivedConfig
{
    /// <summary>The program. Default /usr/sbin/keepalived.</summary>
    [Text(TextForm.FilePath)]
    public string Binary { get; init; } = "/usr/sbin/keepalived";

    /// <summary>Template (Handlebars) of keepalived's configuration, in place of the built-in one where the file is there. Default /etc/penstock/templates/keepalived.conf.</summary>
    [Text(TextForm.FilePath)]
    public string Template { get; init; } = "/etc/penstock/templates/keepalived.conf";

    /// <summary>Folder of the configurations keepalived runs by. Default /var/lib/penstock/keepalived.</summary>
    [Text(TextForm.FilePath)]
    public string State { get; init; } = "/var/lib/penstock/keepalived";

    /// <summary>Folder of its process ids, logs and what it tells and is told. Default /run/penstock/keepalived.</summary>
    [Text(TextForm.FilePath)]
    public string Run { get; init; } = "/run/penstock/keepalived";

    /// <summary>
    /// Socket by which systemd starts keepalived as units of its own (penstock-keepalived.socket). Where it is not there, penstock starts keepalived itself.
    /// Default /run/penstock-keepalived.sock.
    /// </summary>
    [Text(TextForm.FilePath)]
    public string Socket { get; init; } = "/run/penstock-keepalived.sock";

    /// <summary>Time without a sign of life of the daemon after which the addresses are given up, to within a second. Default 3 s.</summary>
    [Range("2s", "1h")]
    public TimeSpan DeadAfter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The same for a daemon that was told to stop, or starts again after it has died, and whose services the kernel goes on with (l4.engine xdp or ipvs, no listener): time for a
    /// restart or an upgrade.
    /// Default 30 s.
    /// </summary>
    [Range("0s", "1h")]
    public TimeSpan RestartGrace { get; init; } = TimeSpan.FromSeconds(30);
}
