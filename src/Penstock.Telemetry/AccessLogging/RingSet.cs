// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Observability;

namespace Penstock.Telemetry.AccessLogging;

/// <summary>The rings in use, and those that were replaced and may still get the records of requests in flight. Changed by the log's thread; counted by any.</summary>
internal sealed class RingSet(TimeProvider time)
{
    /// <summary>How long a replaced ring is read on: reactors take up new rings at their next turn, which is a matter of milliseconds.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private ImmutableArray<AccessLogRing> _current = [];
    private ImmutableArray<(AccessLogRing Ring, long Since)> _retired = [];
    private long _droppedByGone;

    /// <summary>Every ring to read.</summary>
    public ImmutableArray<AccessLogRing> All { get; private set; } = [];

    /// <summary>Records dropped by all rings there have been.</summary>
    public long Dropped
    {
        get
        {
            lock (_gate)
                return _droppedByGone + All.Sum(r => r.Dropped);
        }
    }

    /// <summary>Uses these rings from now on.</summary>
    public void Replace(ImmutableArray<AccessLogRing> rings)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            _retired = [.. _retired.Where(r => !rings.Contains(r.Ring)), .. _current.Where(r => !rings.Contains(r)).Select(r => (r, now))];
            _current = rings;
            All = [.. _current, .. _retired.Select(r => r.Ring)];
        }
    }

    /// <summary>Lets go of replaced rings that are empty and past their time.</summary>
    public void Prune()
    {
        if (_retired.IsEmpty)
            return;

        lock (_gate)
        {
            var gone = _retired.Where(r => time.GetElapsedTime(r.Since) > Grace && r.Ring.UsedBytes == 0).ToArray();
            _droppedByGone += gone.Sum(r => r.Ring.Dropped);
            _retired = _retired.RemoveRange(gone);
            All = [.. _current, .. _retired.Select(r => r.Ring)];
        }
    }
}
