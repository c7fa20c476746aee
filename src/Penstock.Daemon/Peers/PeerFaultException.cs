// SPDX-License-Identifier: Apache-2.0
using System.Security.Authentication;

namespace Penstock.Daemon.Peers;

/// <summary>A peer does not answer, or is not to be answered.</summary>
/// <param name="kind">Why.</param>
/// <param name="message">The same for people.</param>
/// <param name="cause">What it comes from.</param>
internal sealed class PeerFaultException(PeerFaultKind kind, string message, Exception? cause = null) : AuthenticationException(message, cause)
{
    /// <summary>Why.</summary>
    public PeerFaultKind Kind => kind;
}
