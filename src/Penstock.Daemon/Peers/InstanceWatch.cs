// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Model.Vrrp;

namespace Penstock.Daemon.Peers;

/// <summary>Judges VRRP instances over all hosts: two masters, or none, for longer than any move between hosts takes.</summary>
/// <param name="logger">Log.</param>
/// <param name="time">Clock.</param>
internal sealed class InstanceWatch(ILogger logger, TimeProvider time)
{
    // Another host takes over within 3.7 adverts at most (RFC 9568, 6.1).
    private const int Adverts = 5;

    private readonly Dictionary<string, Suspicion> _suspicions = new(StringComparer.Ordinal);
    private volatile IReadOnlyList<InstanceFinding> _findings = [];

    /// <summary>What is wrong now.</summary>
    public IReadOnlyList<InstanceFinding> Findings => _findings;

    /// <summary>Looks at what is known after a question to a peer. Calls take turns.</summary>
    /// <param name="instances">Instances of this host.</param>
    /// <param name="peers">All peers.</param>
    /// <param name="interval">Time between two questions.</param>
    public void Look(IReadOnlyList<OwnInstance> instances, IReadOnlyList<PeerView> peers, TimeSpan interval)
    {
        foreach (var gone in _suspicions.Keys.Except(instances.Select(instance => instance.State.Name), StringComparer.Ordinal).ToArray())
            Clear(gone, "is configured no more");
        foreach (var instance in instances)
            Look(instance, peers, interval);
        _findings = [.. _suspicions.Values.Where(one => one.IsSure).Select(one => one.Finding)];
    }

    private void Look(OwnInstance instance, IReadOnlyList<PeerView> peers, TimeSpan interval)
    {
        var name = instance.State.Name;
        var known = _suspicions.GetValueOrDefault(name);
        var masters = peers.Where(peer => peer.IsFresh && instance.On(peer.Report!)?.Role == VrrpRole.Master).ToArray(); // fresh: it has a report

        // A role that is not known may be that of a master.
        var isKnown = instance.State.Role != VrrpRole.Unknown && peers.All(peer => peer.IsFresh && (instance.On(peer.Report!) is { } other ? other.Role != VrrpRole.Unknown : !peer.Report!.HasMore));
        var isBad = instance.IsMaster ? masters.Length > 0 : masters.Length == 0 && peers.Count > 0 && isKnown;
        if (!isBad)
        {
            // A question that was lost proves nothing: what was sure stays so until the peer answers, or is down.
            var isOpen = known is { IsSure: true } && instance.IsMaster == known.Finding.IsSplitBrain && peers.Any(peer => peer is { State: PeerState.Up, IsFresh: false });
            if (known is not null && !isOpen)
                Clear(name, !peers.All(peer => peer.IsFresh) ? "can be told of no more: a peer does not answer" : isKnown || instance.IsMaster || masters.Length > 0 ? "has one master again" : "can be told of no more: a role is not known");
            return;
        }

        string[] names = [.. masters.Select(peer => peer.Node)];
        if (known is null || known.Finding.IsSplitBrain != names.Length > 0)
        {
            Clear(name, "has changed");
            _suspicions[name] = new Suspicion(new InstanceFinding(name, names, time.GetUtcNow()), time.GetTimestamp(), IsSure: false);
            return;
        }

        // What a peer said before is no proof: it may have died since.
        var lastSaid = (names.Length > 0 ? masters : peers).Min(peer => peer.ReportAt);
        var isSure = known.IsSure || time.GetElapsedTime(known.Since, lastSaid) > (instance.AdvertInterval * Adverts) + interval;
        var now = known with { Finding = known.Finding with { Masters = names }, IsSure = isSure };
        _suspicions[name] = now;
        if (isSure && !known.IsSure)
            logger.LogWarning("{Finding}", now.Finding.Text);
    }

    private void Clear(string instance, string why)
    {
        if (_suspicions.Remove(instance, out var gone) && gone.IsSure)
            logger.LogInformation("VRRP instance {Instance} {Why}", instance, why);
    }

    private sealed record Suspicion(InstanceFinding Finding, long Since, bool IsSure);
}
