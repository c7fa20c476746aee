// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Peers;

/// <summary>Paths of the channel between peers. A change that a peer of before would notice gets a new version in front.</summary>
internal static class PeerPaths
{
    /// <summary>GET with <c>?key=…</c>: <see cref="PeerReport"/>.</summary>
    public const string Report = "/v1/peer";

    /// <summary>GET with <c>?key=…</c>: <see cref="ConfigDigest"/>.</summary>
    public const string Digest = "/v1/peer/config";

    /// <summary>The query: a key of <see cref="ConfigDigest.KeyBytes"/> bytes in lower-case hex.</summary>
    public const string Key = "key=";
}
