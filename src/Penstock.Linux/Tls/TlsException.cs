// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Tls;

/// <summary>OpenSSL has refused something that was configured.</summary>
public sealed class TlsException : Exception
{
    /// <summary>One with a message.</summary>
    public TlsException(string message)
        : base(message)
    {
    }

    /// <summary>One whose message ends with what OpenSSL says of this thread's last call.</summary>
    internal static TlsException Of(string message) => new($"{message}: {TlsErrors.Reason(TlsErrors.Last())}");
}
