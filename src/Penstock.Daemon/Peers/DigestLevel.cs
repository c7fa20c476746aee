// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Peers;

/// <summary>What an entry of a <see cref="ConfigDigest"/> stands for.</summary>
internal enum DigestLevel
{
    /// <summary>A key.</summary>
    Keys,

    /// <summary>A service, instance, listener or cluster with all of its keys.</summary>
    Items,

    /// <summary>A section such as <c>l4.services</c>.</summary>
    Sections,
}
