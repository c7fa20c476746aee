// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;

namespace Penstock.Daemon.Peers;

/// <summary>Shows peers, and what is wrong between them, as instruments of the meter <c>Penstock.Peers</c>; they are read when somebody collects.</summary>
internal sealed class PeerMeter : IDisposable
{
    private readonly Meter _meter = new("Penstock.Peers");

    /// <summary>Instruments.</summary>
    /// <param name="links">Links to all peers.</param>
    /// <param name="routerId">This host's BGP identifier; null: it speaks none.</param>
    /// <param name="instances">Names of this host's VRRP instances; none where there are no peers.</param>
    /// <param name="findings">What is wrong with them.</param>
    /// <param name="addresses">Addresses that this host is to announce by BGP; none where there are no peers.</param>
    /// <param name="nowhere">Those that no host announces.</param>
    /// <param name="refusals">Clients that were refused.</param>
    /// <param name="certificates">Certificates that the channel needs.</param>
    public PeerMeter(
        Func<IEnumerable<PeerLink>> links,
        Func<string?> routerId,
        Func<IEnumerable<string>> instances,
        Func<IReadOnlyList<InstanceFinding>> findings,
        Func<IEnumerable<string>> addresses,
        Func<IReadOnlyList<AnnouncementFinding>> nowhere,
        Func<IEnumerable<(PeerFaultKind Kind, long Count)>> refusals,
        Func<IEnumerable<PeerCertificate>> certificates)
    {
        _meter.CreateObservableGauge(
            "penstock.peer.up", () => links().Select(link => new Measurement<int>(link.View.State == PeerState.Up ? 1 : 0, Tag("peer", link.Peer.Name))), unit: null, "Whether a peer answers.");
        _meter.CreateObservableCounter("penstock.peer.failures", () => Failures(links()), unit: null, "Questions to a peer without an answer, by reason.");
        _meter.CreateObservableGauge(
            "penstock.config.differs", () => links().Select(link => new Measurement<int>(link.View.Drift.Count, Tag("peer", link.Peer.Name))), unit: null,
            "Keys in which the configuration of a peer differs from this host's.");
        _meter.CreateObservableGauge(
            "penstock.bgp.router_id_shared", () => Shared(links(), routerId()), unit: null, "Whether a peer has this host's bgp.router_id.");
        _meter.CreateObservableGauge(
            "penstock.bgp.announced_nowhere", () => Nowhere(addresses(), nowhere()), unit: null, "Whether an address is announced neither by this host nor by a peer.");
        _meter.CreateObservableGauge("penstock.vrrp.split_brain", () => Found(instances(), findings(), isSplitBrain: true), unit: null, "Whether a VRRP instance is master on this host and on a peer.");
        _meter.CreateObservableGauge("penstock.vrrp.no_master", () => Found(instances(), findings(), isSplitBrain: false), unit: null, "Whether a VRRP instance is master neither on this host nor on a peer.");
        _meter.CreateObservableCounter(
            "penstock.peer.refusals", () => refusals().Select(one => new Measurement<long>(one.Count, Tag("reason", Word(one.Kind)))), unit: null, "Clients of the peers' channel that were refused, by reason.");
        _meter.CreateObservableGauge("penstock.peer.certificate.expiry", () => certificates().Select(one => Time(one, one.End.At)), "s", "When the first certificate of a file of the peers' channel ends, seconds since 1970.");
        _meter.CreateObservableGauge(
            "penstock.peer.certificate.warning", () => certificates().Select(one => Time(one, one.End.Told)), "s",
            "From when on there are warnings that the first certificate of a file of the peers' channel ends, seconds since 1970.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string key, object value) => new(key, value);

    private static string Word(PeerFaultKind kind) => kind == PeerFaultKind.WrongNode ? "wrong_node" : kind.ToString().ToLowerInvariant();

    private static IEnumerable<Measurement<long>> Failures(IEnumerable<PeerLink> links) =>
        from link in links
        from failure in link.Failures
        select new Measurement<long>(failure.Count, Tag("peer", link.Peer.Name), Tag("reason", Word(failure.Kind)));

    private static Measurement<long> Time(PeerCertificate one, DateTimeOffset time) =>
        new(time.ToUnixTimeSeconds(), Tag("owner", "peers"), Tag("part", one.Part), Tag("certificate", one.File));

    private static IEnumerable<Measurement<int>> Shared(IEnumerable<PeerLink> links, string? routerId) =>
        routerId is null ? [] : links.Select(link => new Measurement<int>(link.View.HasRouterId(routerId) ? 1 : 0, Tag("peer", link.Peer.Name)));

    private static IEnumerable<Measurement<int>> Nowhere(IEnumerable<string> addresses, IReadOnlyList<AnnouncementFinding> findings) =>
        addresses.Select(address => new Measurement<int>(findings.Any(one => string.Equals(one.Address, address, StringComparison.Ordinal)) ? 1 : 0, Tag("address", address)));

    private static IEnumerable<Measurement<int>> Found(IEnumerable<string> instances, IReadOnlyList<InstanceFinding> findings, bool isSplitBrain) =>
        instances.Select(name => new Measurement<int>(
            findings.Any(one => one.IsSplitBrain == isSplitBrain && string.Equals(one.Instance, name, StringComparison.Ordinal)) ? 1 : 0, Tag("instance", name)));
}
