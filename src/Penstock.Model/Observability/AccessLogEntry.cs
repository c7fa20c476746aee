// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Penstock.Model.Observability;

/// <summary>One record as it lies in an <see cref="AccessLogRing"/>, valid until the ring's next read. Fields mean what those of <see cref="AccessRecord"/> mean; names are UTF-8.</summary>
public readonly ref struct AccessLogEntry
{
    private readonly ref PackedRecordHeader _header;

    internal AccessLogEntry(ref PackedRecordHeader header) => _header = ref header;

    public long StartUnixMicroseconds => _header.StartUnixMicroseconds;

    public long DurationMicroseconds => _header.DurationMicroseconds;

    public long UpstreamMicroseconds => _header.UpstreamMicroseconds;

    public long RequestBodyBytes => _header.RequestBodyBytes;

    public long ResponseBodyBytes => _header.ResponseBodyBytes;

    public int ClientPort => _header.ClientPort;

    public int HttpVersion => _header.HttpVersion;

    public int Status => _header.Status;

    public int Attempts => _header.Attempts;

    /// <summary>Whether a field was longer than the ring takes and has been cut.</summary>
    public bool IsTruncated => _header.Truncated != 0;

    public ReadOnlySpan<byte> ClientAddress => Field(PackedField.ClientAddress);

    public ReadOnlySpan<byte> Method => Field(PackedField.Method);

    public ReadOnlySpan<byte> Target => Field(PackedField.Target);

    public ReadOnlySpan<byte> Host => Field(PackedField.Host);

    public ReadOnlySpan<byte> UserAgent => Field(PackedField.UserAgent);

    public ReadOnlySpan<byte> Referer => Field(PackedField.Referer);

    public ReadOnlySpan<byte> RequestId => Field(PackedField.RequestId);

    public ReadOnlySpan<byte> Reason => Field(PackedField.Reason);

    public ReadOnlySpan<byte> Listener => Field(PackedField.Listener);

    public ReadOnlySpan<byte> Route => Field(PackedField.Route);

    public ReadOnlySpan<byte> Cluster => Field(PackedField.Cluster);

    public ReadOnlySpan<byte> Endpoint => Field(PackedField.Endpoint);

    public ReadOnlySpan<byte> ProxyValues => Field(PackedField.ProxyValues);

    private ReadOnlySpan<byte> Field(PackedField field)
    {
        var start = field == PackedField.ClientAddress ? 0 : _header.Ends[(int)field - 1];
        ref var payload = ref Unsafe.As<PackedRecordHeader, byte>(ref Unsafe.Add(ref _header, 1));
        return MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref payload, start), _header.Ends[(int)field] - start);
    }
}
