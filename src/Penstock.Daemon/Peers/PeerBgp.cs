// SPDX-License-Identifier: Apache-2.0
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Peers;

/// <summary>BGP as it stands on the host that tells of it.</summary>
/// <param name="SessionsUp">Number of its sessions that are established.</param>
/// <param name="Sessions">Number of its routers.</param>
/// <param name="Addresses">Addresses that it is to announce.</param>
internal sealed record PeerBgp(int SessionsUp, int Sessions, IReadOnlyList<PeerAnnouncement> Addresses)
{
    /// <summary>That of a host that speaks no BGP.</summary>
    public static PeerBgp None { get; } = new(0, 0, []);

    /// <summary>That of a status; null: nothing is configured.</summary>
    public static PeerBgp? Of(BgpStatus status) => status.Bird is null
        ? null
        : new PeerBgp(status.Neighbors.Count(one => one.IsUp), status.Neighbors.Length, [.. status.Addresses.Select(one => new PeerAnnouncement(one.Address, one.Announced))]);

    /// <summary>Whether it is to announce more than <see cref="Addresses"/>: whether it announces one that is not among them is not known.</summary>
    public bool HasMore { get; init; }

    /// <summary>With so many addresses at most, the first ones.</summary>
    public PeerBgp Cut(int most) => Addresses.Count <= most ? this : this with { Addresses = [.. Addresses.Take(most)], HasMore = true };

    /// <summary>Whether it is known whether this host announces an address.</summary>
    public bool SaysOf(string address) => !HasMore || Announces(address) is not null;

    /// <summary>Whether a router is told of an address by this host; null: it is not to announce it, or see <see cref="SaysOf"/>.</summary>
    public bool? Announces(string address) => Addresses.FirstOrDefault(one => string.Equals(one.Address, address, StringComparison.OrdinalIgnoreCase))?.Announced;
}
