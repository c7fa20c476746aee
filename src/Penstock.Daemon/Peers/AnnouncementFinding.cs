// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Peers;

/// <summary>An address that no host announces.</summary>
/// <param name="Address">The address.</param>
/// <param name="Since">Since when.</param>
internal sealed record AnnouncementFinding(string Address, DateTimeOffset Since)
{
    /// <summary>For people.</summary>
    public string Text => $"no host announces {Address}, neither this one nor a peer, since {Since:yyyy-MM-dd HH:mm:ss}Z: no router sends packets for it";
}
