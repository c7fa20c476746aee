// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Penstock.Linux.Bpf;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>The maps of a loaded program.</summary>
internal sealed class XdpMaps : IXdpMaps, IDisposable
{
    /// <summary>Maps that survive their program: pinned, and adopted by the next.</summary>
    public static readonly ImmutableArray<string> Names =
    [
        "vip_filter", "vips", "services", "service_ranges", "service_epoch", "service_lines", "rings", "backends", "flows", "nat_flows", "fragments", "source_lists",
        "vlan_links", "source_overrides", "source_rates", "quic_servers", "backend_stats", "return_stats", "service_stats", "service_owners", "drop_stats", "service_drops", "cpu_states", "syn_windows",
        "capture_filter", "captures", "capture_stats",
    ];

    private readonly Dictionary<string, BpfMap> _maps = new(StringComparer.Ordinal);
    private readonly BpfMapMemory<ulong> _filter;
    private readonly BpfMapMemory<ulong> _epoch;
    private readonly BpfMapMemory<Line> _rings;
    private readonly BpfMapMemory<Layout.Backend> _backends;

    /// <summary>Takes the maps of a loaded object.</summary>
    public XdpMaps(BpfObject loaded)
    {
        foreach (var name in Names)
            _maps.Add(name, loaded.Map(name));
        _filter = _maps["vip_filter"].MapMemory<ulong>();
        _epoch = _maps["service_epoch"].MapMemory<ulong>();
        _rings = _maps["rings"].MapMemory<Line>();
        _backends = _maps["backends"].MapMemory<Layout.Backend>();
    }

    /// <inheritdoc/>
    public int RingLines => _rings.Values.Length;

    /// <inheritdoc/>
    public int Backends => _backends.Values.Length;

    /// <inheritdoc/>
    public int Services => (int)_maps["service_stats"].Info.MaxEntries;

    /// <summary>A map by its name.</summary>
    public BpfMap this[string name] => _maps[name];

    /// <inheritdoc/>
    public Layout.Backend ReadBackend(uint id) => _backends.Values[(int)id];

    /// <inheritdoc/>
    public void WriteBackend(uint id, in Layout.Backend value) => _maps["backends"].Update(id, value);

    /// <inheritdoc/>
    public void ClearBackendStats(uint id)
    {
        _maps["backend_stats"].UpdatePerCpu(id, default(Layout.BackendStats));
        _maps["return_stats"].UpdatePerCpu(id, default(Layout.ReturnStats));
    }

    /// <inheritdoc/>
    public void ClearServiceStats(uint id)
    {
        _maps["service_stats"].UpdatePerCpu(id, default(Layout.ServiceStats));
        for (var reason = 0u; reason < Layout.DropReasons; reason++)
            _maps["service_drops"].Delete(new Layout.ServiceDrop { Service = id, Reason = reason });
    }

    /// <inheritdoc/>
    public ulong ReadServiceOwner(uint id) => _maps["service_owners"].TryLookup(id, out ulong owner) ? owner : 0;

    /// <inheritdoc/>
    public void WriteServiceOwner(uint id, ulong owner) => _maps["service_owners"].Update(id, owner);

    /// <inheritdoc/>
    public Span<uint> Ring(int firstLine, int slots) =>
        MemoryMarshal.Cast<Line, uint>(_rings.Values[firstLine..])[..slots];

    /// <inheritdoc/>
    public void WriteVip(IPAddress address, in Layout.Vip value)
    {
        var bit = FilterBit(address);
        _filter.Values[bit / 64] |= 1UL << (bit % 64);
        _maps["vips"].Update(Layout.Address.Of(address), value);
        Forget();
    }

    /// <inheritdoc/>
    public void DeleteVip(IPAddress address)
    {
        _maps["vips"].Delete(Layout.Address.Of(address));
        Forget();
    }

    /// <inheritdoc/>
    public void WriteService(in Layout.ServiceKey key, in Layout.Service value)
    {
        _maps["services"].Update(key, value);
        Forget();
    }

    /// <inheritdoc/>
    public void DeleteService(in Layout.ServiceKey key)
    {
        _maps["services"].Delete(key);
        Forget();
    }

    /// <inheritdoc/>
    public void WriteRange(in Layout.RangeKey key, in Layout.Service value)
    {
        _maps["service_ranges"].Update(key, value);
        Forget();
    }

    /// <inheritdoc/>
    public void DeleteRange(in Layout.RangeKey key)
    {
        _maps["service_ranges"].Delete(key);
        Forget();
    }

    /// <inheritdoc/>
    public void WriteSources(ReadOnlySpan<Layout.SourceKey> keys, ReadOnlySpan<Layout.SourceVerdict> verdicts) => _maps["source_lists"].UpdateBatch(keys, verdicts);

    /// <inheritdoc/>
    public void DeleteSources(ReadOnlySpan<Layout.SourceKey> keys) => _maps["source_lists"].DeleteBatch(keys);

    /// <inheritdoc/>
    public void WriteOverride(in Layout.SourceKey key, uint backend) => _maps["source_overrides"].Update(key, backend);

    /// <inheritdoc/>
    public void DeleteOverride(in Layout.SourceKey key) => _maps["source_overrides"].Delete(key);

    /// <inheritdoc/>
    public void WriteQuicServer(in Layout.QuicKey key, uint backend) => _maps["quic_servers"].Update(key, backend);

    /// <inheritdoc/>
    public void DeleteQuicServer(in Layout.QuicKey key) => _maps["quic_servers"].Delete(key);

    /// <inheritdoc/>
    public XdpContents Read()
    {
        var backends = new Dictionary<uint, Layout.Backend>();
        var all = _backends.Values;
        for (var id = 1; id < all.Length; id++)
        {
            if (all[id].State != Layout.StateKind.Unused)
                backends.Add((uint)id, all[id]);
        }

        return new XdpContents(
            _maps["services"].Entries<Layout.ServiceKey, Layout.Service>(),
            _maps["service_ranges"].Entries<Layout.RangeKey, Layout.Service>(),
            _maps["vips"].Entries<Layout.Address, Layout.Vip>(),
            backends,
            _maps["source_lists"].Entries<Layout.SourceKey, Layout.SourceVerdict>(),
            _maps["source_overrides"].Entries<Layout.SourceKey, uint>(),
            _maps["quic_servers"].Entries<Layout.QuicKey, uint>());
    }

    /// <summary>Copies what a map of the same layout and another size holds, but for what lasts seconds and may be large: that is learnt anew.</summary>
    /// <returns>Flows that found no room.</returns>
    public long TakeOver(string name, BpfMap old)
    {
        switch (name)
        {
            case "rings":
                Copy(old, _rings.Values);
                break;
            case "backends":
                Copy(old, _backends.Values);
                break;
            case "flows":
                return CarriedFlows.Copy(old, _maps[name]);
            case "nat_flows":
                CarriedFlows.CopyNat(old, _maps[name]);
                break;
            case "source_rates" or "fragments" or "service_lines" or "captures":
                break;
            default:
                old.CopyTo(_maps[name]);
                break;
        }

        return 0;
    }

    /// <summary>Copies what a program has written into a map since that was copied.</summary>
    /// <param name="name">The map.</param>
    /// <param name="old">The one before, which no program writes any more.</param>
    /// <param name="since">When copying began, by <see cref="BpfClock.Seconds"/>.</param>
    public void CatchUp(string name, BpfMap old, uint since)
    {
        if (string.Equals(name, "flows", StringComparison.Ordinal))
            CarriedFlows.CatchUp(old, _maps[name], since);
        else if (string.Equals(name, "nat_flows", StringComparison.Ordinal))
            CarriedFlows.CatchUpNat(old, _maps[name], since);
    }

    /// <summary>The service of one port that a packet belongs to; null: none.</summary>
    public Layout.Service? FindPort(IPAddress address, int port, int protocol) =>
        _maps["services"].TryLookup(Layout.ServiceKey.Of(address, port, protocol), out Layout.Service service) ? service : null;

    /// <summary>The service whose range of ports holds that of a packet; null: none.</summary>
    public Layout.Service? FindRange(IPAddress address, int port, int protocol) =>
        _maps["service_ranges"].TryLookup(Layout.RangeKey.Of(address, protocol, new PortPrefix(port, 16)), out Layout.Service service) ? service : null;

    /// <summary>What there is about an address of services or of nat; null: it is none.</summary>
    public Layout.Vip? FindVip(IPAddress address) => _maps["vips"].TryLookup(Layout.Address.Of(address), out Layout.Vip vip) ? vip : null;

    /// <summary>What a service's lists say of a client; null: nothing.</summary>
    public Layout.SourceVerdict? FindSource(uint service, IPAddress client) =>
        _maps["source_lists"].TryLookup(Host(service, client), out Layout.SourceVerdict verdict) ? verdict : null;

    /// <summary>The backend an override names for a client; null: none.</summary>
    public uint? FindOverride(uint service, IPAddress client) =>
        _maps["source_overrides"].TryLookup(Host(service, client), out uint backend) ? backend : null;

    /// <summary>The nat flow of a packet; null: none is known.</summary>
    public Layout.NatFlow? FindNatFlow(IPEndPoint from, IPEndPoint to, TransportProtocol protocol) =>
        _maps["nat_flows"].TryLookup(Layout.NatKey.Of(from, to, (byte)protocol), out Layout.NatFlow flow) ? flow : null;

    /// <summary>A set of the flow table.</summary>
    public Layout.FlowSet FlowSet(uint index) => _maps["flows"].TryLookup(index, out Layout.FlowSet set) ? set : default;

    /// <summary>A service's SYNs by CPU.</summary>
    public Layout.SynWindow[] SynWindows(uint service)
    {
        var windows = new Layout.SynWindow[BpfCpus.Possible];
        _maps["syn_windows"].TryLookupPerCpu(service, windows.AsSpan());
        return windows;
    }

    /// <summary>Sums a per-CPU entry's words over all CPUs; its fields are all counters of 64 bits.</summary>
    public T Sum<TKey, T>(string map, TKey key)
        where TKey : unmanaged
        where T : unmanaged
    {
        var perCpu = new T[BpfCpus.Possible];
        _maps[map].TryLookupPerCpu(key, perCpu.AsSpan());
        T total = default;
        var sums = MemoryMarshal.Cast<T, ulong>(MemoryMarshal.CreateSpan(ref total, 1));
        foreach (ref var values in perCpu.AsSpan())
        {
            var words = MemoryMarshal.Cast<T, ulong>(MemoryMarshal.CreateSpan(ref values, 1));
            for (var i = 0; i < sums.Length; i++)
                sums[i] += words[i];
        }

        return total;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _filter.Dispose();
        _epoch.Dispose();
        _rings.Dispose();
        _backends.Dispose();
        foreach (var map in _maps.Values)
            map.Dispose();
    }

    /// <summary>The bit of an address in <c>vip_filter</c>.</summary>
    internal static int FilterBit(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        var word = 0u;
        for (var at = 0; at < bytes.Length; at += 4)
            word ^= BitConverter.ToUInt32(bytes, at);
        return (int)(unchecked(word * 0x9E3779B1) >> 16);
    }

    // The program looks services up anew, after what was just written.
    private void Forget() => Interlocked.Increment(ref _epoch.Values[0]);

    private static Layout.SourceKey Host(uint service, IPAddress address) => Layout.SourceKey.Of(service, new IPNetwork(address, address.GetAddressBytes().Length * 8));

    private static void Copy<T>(BpfMap old, Span<T> to)
        where T : unmanaged
    {
        using var from = old.MapMemory<T>();
        from.Values.CopyTo(to);
    }

    /// <summary>struct lb_ring_line.</summary>
    [InlineArray(Layout.RingLineSlots)]
    [StructLayout(LayoutKind.Sequential)]
    private struct Line
    {
        private uint _first;
    }
}
