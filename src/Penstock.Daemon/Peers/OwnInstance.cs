// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Vrrp;

namespace Penstock.Daemon.Peers;

/// <summary>A VRRP instance of this host.</summary>
/// <param name="State">What this host tells of it.</param>
/// <param name="AdvertInterval">Time between its adverts.</param>
internal sealed record OwnInstance(PeerInstance State, TimeSpan AdvertInterval)
{
    /// <summary>Whether this host has its addresses.</summary>
    public bool IsMaster => State.Role == VrrpRole.Master;

    /// <summary>
    /// The same instance on another host: of its router id and family, and of its name or one of its addresses (an id is one link's alone); or else one that shares an address;
    /// null: it has none.
    /// </summary>
    public PeerInstance? On(PeerReport report) =>
        report.Vrrp.FirstOrDefault(other => IsSameRouter(other) && (string.Equals(other.Name, State.Name, StringComparison.Ordinal) || SharesAddress(other)))
        ?? report.Vrrp.FirstOrDefault(SharesAddress);

    private bool IsSameRouter(PeerInstance other) => other.RouterId == State.RouterId && string.Equals(other.Family, State.Family, StringComparison.Ordinal);

    private bool SharesAddress(PeerInstance other) => other.Addresses.Any(address => State.Addresses.Any(own => string.Equals(Host(own), Host(address), StringComparison.OrdinalIgnoreCase)));

    private static string Host(string address) => address.Split('/')[0];
}
