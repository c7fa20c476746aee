// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Acme;

/// <summary>A certificate was not issued: the CA refused, or what it said can't be used.</summary>
internal sealed class AcmeException : Exception
{
    /// <summary>With a message for the operator.</summary>
    /// <param name="message">What went wrong, and whose fault it is.</param>
    /// <param name="retryAfter">How long the CA asks to be left alone (RFC 8555 section 6.6); null: it does not say.</param>
    /// <param name="inner">What it came of.</param>
    public AcmeException(string message, TimeSpan? retryAfter = null, Exception? inner = null)
        : base(message, inner) => RetryAfter = retryAfter;

    /// <summary>How long the CA asks to be left alone; null: it does not say.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>Whether the CA could not be asked at all.</summary>
    public bool IsUnreachable { get; init; }
}
