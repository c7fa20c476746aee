// SPDX-License-Identifier: Apache-2.0
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Penstock.Daemon.Peers;

/// <summary>A connection that a peer has opened. It is believed no longer than the certificate that it was opened with: after that there is nothing more to read.</summary>
/// <param name="inner">What carries it.</param>
/// <param name="time">Clock.</param>
internal sealed class PeerStream(Stream inner, TimeProvider time) : SslStream(inner)
{
    private DateTimeOffset? _end;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await base.ReadAsync(buffer, cancellationToken);
        _end ??= RemoteCertificate is X509Certificate2 certificate ? new DateTimeOffset(certificate.NotAfter.ToUniversalTime()) : DateTimeOffset.MinValue;
        return time.GetUtcNow() <= _end ? count : 0;
    }
}
