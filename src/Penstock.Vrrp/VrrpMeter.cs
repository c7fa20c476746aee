// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp;

/// <summary>Shows roles, and how keepalived fares, as instruments of the meter <c>Penstock.Vrrp</c>; statuses are read when somebody collects.</summary>
internal sealed class VrrpMeter : IDisposable
{
    private readonly Meter _meter = new("Penstock.Vrrp");

    /// <summary>Instruments that read the statuses of all groups when collected.</summary>
    /// <param name="statuses">Statuses of all groups.</param>
    /// <param name="instances">All instances.</param>
    public VrrpMeter(Func<IEnumerable<KeepalivedStatus>> statuses, Func<IEnumerable<VrrpInstanceStatus>> instances)
    {
        _meter.CreateObservableGauge("penstock.vrrp.role", () => Roles(statuses()), unit: null, "Whether a VRRP instance has this role on this host.");
        _meter.CreateObservableGauge(
            "penstock.vrrp.health", () => instances().Select(one => new Measurement<int>(one.Health, Tag("instance", one.Name))), unit: null,
            "0, or how much lower the daemon makes the priority of a VRRP instance; -254: it gives the addresses up.");
        _meter.CreateObservableCounter("penstock.vrrp.transitions", () => Transitions(statuses()), unit: null, "How often a VRRP instance came to this role since the daemon's start.");
        _meter.CreateObservableGauge("penstock.vrrp.keepalived.up", () => Running(statuses()), unit: null, "Whether the keepalived of a group runs.");
        _meter.CreateObservableCounter("penstock.vrrp.keepalived.restarts", () => Restarts(statuses()), unit: null, "How often the keepalived of a group had to be started again, by reason.");
        _meter.CreateObservableCounter("penstock.vrrp.keepalived.unknown", () => Unknown(statuses()), unit: null, "Reports of the keepalived of a group that were not understood.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string key, object value) => new(key, value);

    private static string Word(VrrpRole role) => role switch
    {
        VrrpRole.Master => "master",
        VrrpRole.Backup => "backup",
        VrrpRole.Fault => "fault",
        _ => "unknown",
    };

    private static IEnumerable<Measurement<int>> Roles(IEnumerable<KeepalivedStatus> statuses) =>
        from status in statuses
        from instance in status.Instances
        from role in Enum.GetValues<VrrpRole>()
        select new Measurement<int>(instance.Role == role ? 1 : 0, Tag("instance", instance.Instance), Tag("role", Word(role)));

    private static IEnumerable<Measurement<long>> Transitions(IEnumerable<KeepalivedStatus> statuses) =>
        from status in statuses
        from instance in status.Instances
        from role in Enum.GetValues<VrrpRole>()
        select new Measurement<long>(instance.Transitions.GetValueOrDefault(role), Tag("instance", instance.Instance), Tag("role", Word(role)));

    private static IEnumerable<Measurement<int>> Running(IEnumerable<KeepalivedStatus> statuses) =>
        statuses.Select(status => new Measurement<int>(status.Pid is null ? 0 : 1, Tag("group", status.Group)));

    private static IEnumerable<Measurement<long>> Restarts(IEnumerable<KeepalivedStatus> statuses) =>
        from status in statuses
        from reason in (string[])["child", "ended", "stopped"]
        select new Measurement<long>(status.Restarts.GetValueOrDefault(reason), Tag("group", status.Group), Tag("reason", reason));

    private static IEnumerable<Measurement<long>> Unknown(IEnumerable<KeepalivedStatus> statuses) =>
        statuses.Select(status => new Measurement<long>(status.UnknownLines, Tag("group", status.Group)));
}
