// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;

namespace Penstock.Daemon.Peers;

/// <summary>Judges addresses that are announced by BGP over all hosts: those that no host announces.</summary>
/// <param name="logger">Log.</param>
/// <param name="time">Clock.</param>
internal sealed class AnnouncementWatch(ILogger logger, TimeProvider time)
{
    private readonly Dictionary<string, Suspicion> _suspicions = new(StringComparer.OrdinalIgnoreCase);
    private volatile IReadOnlyList<AnnouncementFinding> _findings = [];

    /// <summary>What is wrong now.</summary>
    public IReadOnlyList<AnnouncementFinding> Findings => _findings;

    /// <summary>Looks at what is known after a question to a peer. Calls take turns.</summary>
    /// <param name="own">BGP of this host; null: it speaks none.</param>
    /// <param name="peers">All peers.</param>
    /// <param name="interval">Time between two questions.</param>
    public void Look(PeerBgp? own, IReadOnlyList<PeerView> peers, TimeSpan interval)
    {
        var addresses = own?.Addresses ?? [];
        foreach (var gone in _suspicions.Keys.Except(addresses.Select(one => one.Address), StringComparer.OrdinalIgnoreCase).ToArray())
            Clear(gone, "is configured no more");
        foreach (var address in addresses)
            Look(address, peers, interval);
        _findings = [.. _suspicions.Values.Where(one => one.IsSure).Select(one => one.Finding)];
    }

    private void Look(PeerAnnouncement own, IReadOnlyList<PeerView> peers, TimeSpan interval)
    {
        var known = _suspicions.GetValueOrDefault(own.Address);
        // Fresh: it has a report.
        if (own.Announced || peers.Any(peer => peer.IsFresh && peer.Report!.Bgp?.Announces(own.Address) == true))
        {
            Clear(own.Address, "is announced again");
            return;
        }

        // A question that was lost proves nothing, and a peer that does not say what it announces may announce it.
        if (peers.Count == 0 || !peers.All(peer => peer.IsFresh && peer.Report!.Bgp?.SaysOf(own.Address) == true))
        {
            if (known is not null && !(known.IsSure && peers.Any(peer => peer is { State: PeerState.Up, IsFresh: false })))
                Clear(own.Address, "can be told of no more: a peer does not say what it announces");
            return;
        }

        if (known is null)
        {
            _suspicions[own.Address] = new Suspicion(new AnnouncementFinding(own.Address, time.GetUtcNow()), time.GetTimestamp(), IsSure: false);
            return;
        }

        // What a peer said before is no proof: it may have announced it since.
        if (known.IsSure || time.GetElapsedTime(known.Since, peers.Min(peer => peer.ReportAt)) <= interval)
            return;
        _suspicions[own.Address] = known with { IsSure = true };
        logger.LogWarning("{Finding}", known.Finding.Text);
    }

    private void Clear(string address, string why)
    {
        if (_suspicions.Remove(address, out var gone) && gone.IsSure)
            logger.LogInformation("address {Address} {Why}", address, why);
    }

    private sealed record Suspicion(AnnouncementFinding Finding, long Since, bool IsSure);
}
