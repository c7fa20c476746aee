// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Tests.Kubernetes;

/// <summary>Bytes that come in pieces of one size.</summary>
internal sealed class PiecewiseStream(byte[] bytes, int size) : MemoryStream(bytes)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        base.ReadAsync(buffer[..Math.Min(buffer.Length, size)], cancellationToken);
}
