// SPDX-License-Identifier: Apache-2.0
using Penstock.Http2;

namespace Penstock.L7.Metrics;

/// <summary>What one reactor counts of HTTP/2; written by it alone, read by any thread.</summary>
internal sealed class Http2Counters
{
    /// <summary>Connections that speak it.</summary>
    internal long Connections { get; set; }

    /// <summary>Streams begun.</summary>
    internal long Streams { get; set; }

    /// <summary>Streams reset, by what the peer did wrong; <see cref="Http2Fault.None"/>: nothing, either end wanted no more of it.</summary>
    internal long[] Resets { get; } = new long[Enum.GetValues<Http2Fault>().Length];

    /// <summary>Connections ended by GOAWAY, by what the peer did wrong.</summary>
    internal long[] Ends { get; } = new long[Enum.GetValues<Http2Fault>().Length];
}
