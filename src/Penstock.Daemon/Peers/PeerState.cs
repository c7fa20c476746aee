// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Peers;

/// <summary>Whether a peer answers.</summary>
internal enum PeerState
{
    /// <summary>Not asked yet.</summary>
    Unknown,

    /// <summary>It does.</summary>
    Up,

    /// <summary>It does not.</summary>
    Down,
}
