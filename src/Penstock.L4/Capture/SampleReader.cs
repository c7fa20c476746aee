// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;

namespace Penstock.L4.Capture;

/// <summary>Has the program that owns a set of pinned maps take samples, and reads them.</summary>
internal sealed class SampleReader : IDisposable
{
    // The program stops by itself when this is not put off in time.
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(3);

    private readonly PinnedServices _services;
    private readonly Action<CapturedPacket> _take;
    private readonly BpfMap _filters;
    private readonly BpfMap _stats;
    private readonly BpfRingReader _ring;
    private readonly SampleLayout.Filter _filter;
    private bool _isStale = true;
    private bool _isStopped;

    /// <summary>Begins.</summary>
    /// <exception cref="L4ApplyException">Somebody captures already.</exception>
    public SampleReader(PinTree pins, CaptureRequest request, Action<CapturedPacket> take)
    {
        _take = take;
        _services = new PinnedServices(pins);
        _filters = PinnedServices.Open(pins, "capture_filter");
        _stats = PinnedServices.Open(pins, "capture_stats");
        _filters.TryLookup(0u, out SampleLayout.Filter other);
        if (other.OneIn > 0 && other.Until > (ulong)Stopwatch.GetTimestamp() && other.Owner != Environment.ProcessId)
            throw new L4ApplyException($"process {other.Owner} captures already: one can at a time");
        _filter = FilterOf(request);
        using (var samples = PinnedServices.Open(pins, "captures"))
        {
            MapId = samples.Info.Id;
            _ring = new BpfRingReader(samples, Take);
        }

        // What one before, who was killed, has left in the ring is not ours.
        _ring.Poll(TimeSpan.Zero);
        _isStale = false;
        _stats.UpdatePerCpu(0u, default(SampleLayout.Stats));
        Renew();
    }

    /// <summary>The map samples come from.</summary>
    public uint MapId { get; }

    /// <summary>Packets that matched, and samples that were lost.</summary>
    public (long Matched, long Lost) Counted
    {
        get
        {
            var values = new SampleLayout.Stats[BpfCpus.Possible];
            _stats.TryLookupPerCpu(0u, values.AsSpan());
            return ((long)values.Aggregate(0UL, (sum, one) => sum + one.Matched), (long)values.Aggregate(0UL, (sum, one) => sum + one.Lost));
        }
    }

    /// <summary>Waits for packets and hands them over.</summary>
    public void Poll(TimeSpan timeout) => _ring.Poll(timeout);

    /// <summary>Puts the end off: the program stops by itself some seconds after the last time.</summary>
    public void Renew() => _filters.Update(0u, _filter with { Until = (ulong)(Stopwatch.GetTimestamp() + Lease.Ticks * TimeSpan.NanosecondsPerTick) });

    /// <summary>Has the program take no more; what it took can still be polled.</summary>
    public void Stop()
    {
        _filters.Update(0u, default(SampleLayout.Filter));
        _isStopped = true;
    }

    /// <summary>Stops, however it comes to its end: nobody else could capture until the program gives up by itself.</summary>
    public void Dispose()
    {
        try
        {
            if (!_isStopped)
                Stop();
        }
        catch (BpfException)
        {
            // Then the program gives up by itself.
        }

        _ring.Dispose();
        _filters.Dispose();
        _stats.Dispose();
        _services.Dispose();
    }

    private SampleLayout.Filter FilterOf(CaptureRequest request)
    {
        Layout.Address mask = default;
        if (request.Client is { } network)
        {
            var bits = network.PrefixLength + (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 96 : 0);
            for (var i = 0; i < 16; i++)
                mask[i] = (byte)(0xff00 >> Math.Clamp(bits - (8 * i), 0, 8));
        }

        return new SampleLayout.Filter
        {
            Service = request.Service is { } listen ? _services.Id(listen) : SampleLayout.NoService,
            OneIn = (uint)request.OneIn,
            Verdicts = Verdicts(request) | (request.Client is { BaseAddress: { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false } } ? SampleLayout.Ipv6Clients : 0u),
            Reasons = request.Reasons.Aggregate(0u, (bits, name) => bits | (1u << (CaptureRequest.ReasonNames.IndexOf(name) + 1))),
            Bytes = (uint)request.Bytes,
            Owner = (uint)Environment.ProcessId,
            Client = request.Client is { } client ? Layout.Address.Of(client.BaseAddress) : default,
            ClientMask = mask,
        };
    }

    private static uint Verdicts(CaptureRequest request) =>
        (request.Verdicts.IsEmpty ? CaptureRequest.VerdictNames : request.Verdicts).Aggregate(0u, (bits, name) => bits | (1u << CaptureRequest.VerdictNames.IndexOf(name)));

    private void Take(ReadOnlySpan<byte> bytes)
    {
        if (_isStale)
            return;
        var sample = MemoryMarshal.Read<SampleLayout.Sample>(bytes);
        var reason = (DropReason)sample.Drop;
        _take(new CapturedPacket(
            DateTimeOffset.UtcNow - Stopwatch.GetElapsedTime((long)sample.Time), // both of CLOCK_MONOTONIC, in nanoseconds
            (int)sample.InterfaceIndex,
            (int)sample.Length,
            sample.Verdict < CaptureRequest.VerdictNames.Length ? CaptureRequest.VerdictNames[sample.Verdict] : $"#{sample.Verdict}",
            reason == DropReason.None ? "" : DropReasonNames.Name(reason),
            sample.Service == SampleLayout.NoService ? "" : _services.Listen(sample.Service),
            sample.Backend == 0 ? "" : _services.Backend(sample.Backend),
            sample.FlowHit != 0,
            bytes.Slice(Marshal.SizeOf<SampleLayout.Sample>(), sample.Captured).ToArray()));
    }
}
