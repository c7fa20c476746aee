// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Metrics;

/// <summary>One reactor's share of a <see cref="RequestSeries"/>: written by that reactor alone, read by any thread.</summary>
internal sealed class RequestCell
{
    /// <summary>Upper bounds of the latency buckets, microseconds; the last bucket has none.</summary>
    internal static readonly long[] BucketBounds =
        [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000];

    private readonly long[] _buckets = new long[BucketBounds.Length + 1];
    private CodeCount[] _codes = [];
    private long _microseconds;
    private long _requestBytes;
    private long _responseBytes;

    /// <summary>Sum of durations, microseconds.</summary>
    internal long Microseconds => Volatile.Read(ref _microseconds);

    /// <summary>Bytes of request bodies, and of what clients sent through tunnels.</summary>
    internal long RequestBytes => Volatile.Read(ref _requestBytes);

    /// <summary>Bytes of response bodies, and of what endpoints sent through tunnels.</summary>
    internal long ResponseBytes => Volatile.Read(ref _responseBytes);

    /// <summary>Requests by latency bucket, not cumulative.</summary>
    internal ReadOnlySpan<long> Buckets => _buckets;

    /// <summary>Requests by status; 0: the client got none.</summary>
    internal ReadOnlySpan<CodeCount> Codes => Volatile.Read(ref _codes);

    /// <summary>Counts a finished request.</summary>
    internal void Count(int status, long microseconds, long requestBytes, long responseBytes)
    {
        CounterOf(status).Count++;
        var bounds = BucketBounds;
        var bucket = 0;
        while (bucket < bounds.Length && microseconds > bounds[bucket])
            bucket++;
        _buckets[bucket]++;
        _microseconds += microseconds;
        _requestBytes += requestBytes;
        _responseBytes += responseBytes;
    }

    private CodeCount CounterOf(int status)
    {
        foreach (var code in _codes)
        {
            if (code.Status == status)
                return code;
        }

        var added = new CodeCount(status);
        Volatile.Write(ref _codes, [.. _codes, added]);
        return added;
    }

    /// <summary>Requests that got one status.</summary>
    internal sealed class CodeCount(int status)
    {
        /// <summary>The status.</summary>
        internal int Status { get; } = status;

        /// <summary>How many.</summary>
        internal long Count { get; set; }
    }
}
