// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Netlink;

/// <summary>The kernel refused a request, or did not answer it as netlink does.</summary>
public sealed class NetlinkException : Exception
{
    /// <summary>With what was asked and why it failed.</summary>
    /// <param name="message">For people.</param>
    /// <param name="error">The kernel's errno; EPROTO: an answer that is not understood, ETIMEDOUT: none.</param>
    /// <param name="inner">Cause.</param>
    public NetlinkException(string message, Errno error, Exception? inner = null)
        : base(message, inner) => Error = error;

    /// <summary>Why.</summary>
    public Errno Error { get; }

    /// <summary>A request's failure.</summary>
    /// <param name="asked">What was asked, as words that can follow "could not".</param>
    /// <param name="outcome">How it went.</param>
    public static NetlinkException Of(string asked, NetlinkOutcome outcome) => new($"could not {asked}: {outcome}", outcome.Error);

    /// <summary>A message that is not as netlink's are.</summary>
    internal static NetlinkException Malformed(string what) => new($"netlink: {what}", Errno.EPROTO);
}
