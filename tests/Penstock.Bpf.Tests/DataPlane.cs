// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;

namespace Penstock.Bpf.Tests;

/// <summary>The program, loaded, with maps that a test fills.</summary>
internal sealed partial class DataPlane : IDisposable
{
    /// <summary>Where outer headers come from, unless a backend says otherwise.</summary>
    public const string Tunnel4 = "10.0.0.1", Tunnel6 = "fd00::1";

    /// <summary>Sets of flows for each CPU, where a test does not say otherwise.</summary>
    public const uint FlowSets = 64;

    private const uint RingSlots = 16;

    private readonly BpfObject _object;
    private readonly Dictionary<string, BpfMap> _maps = new(StringComparer.Ordinal);
    private XdpMaps? _engineMaps;
    private uint _services;
    private uint _backends;

    /// <summary>Loads it with settings of the test's own.</summary>
    /// <param name="change">Settings in place of those that suit most tests.</param>
    /// <param name="capacity">Services, and backends of all of them; 0: as many as in the object file.</param>
    public DataPlane(Func<Layout.Settings, Layout.Settings>? change = null, uint capacity = 0)
    {
        var settings = new Layout.Settings
        {
            HashSeed = 42,
            Features = (Layout.Features)0x3f,
            FlowSets = FlowSets,
            Cpus = (uint)BpfCpus.Possible,
            ServiceLines = 64,
            RepliesPerSecond = 1000,
            NatPortFirst = 40000,
            NatPortLast = 40999,
            NatTcpTimeout = 7440,
            NatOpeningTimeout = 120,
            NatUdpTimeout = 60,
            Tick = BpfClock.Tick,
        };
        Settings = settings = change?.Invoke(settings) ?? settings;
        _object = BpfObject.Open(Programs.Object("xdp_lb"));
        _object.SetConstant("settings", settings, ".rodata.settings");
        if (!settings.Features.HasFlag(Layout.Features.Jumbo))
            _object.ClearFlags("xdp_lb");
        _object.SetMaxEntries("flows", settings.FlowSets * settings.Cpus);
        _object.SetMaxEntries("service_lines", settings.ServiceLines * settings.Cpus);
        _object.SetMaxEntries("nat_flows", 4096);
        if (capacity > 0)
        {
            foreach (var map in new[] { "vips", "services", "service_stats", "backends", "backend_stats", "return_stats", "rings" })
                _object.SetMaxEntries(map, capacity + 1); // ids begin at 1
        }

        _object.Load();
        Program = _object.Program("xdp_lb");
    }

    /// <summary>The program.</summary>
    public BpfProgram Program { get; }

    /// <summary>What it was loaded with.</summary>
    public Layout.Settings Settings { get; }

    /// <summary>Its maps, as the engine sees them.</summary>
    public XdpMaps Maps => _engineMaps ??= new XdpMaps(_object);

    /// <summary>A map by its name.</summary>
    public BpfMap Map(string name)
    {
        if (!_maps.TryGetValue(name, out var map))
            _maps.Add(name, map = _object.Map(name));
        return map;
    }

    /// <summary>Writes a backend and returns its id. Null fields keep what suits most tests.</summary>
    public uint AddBackend(uint service, string address, Layout.ForwardingKind forwarding, Func<Layout.Backend, Layout.Backend>? change = null)
    {
        var backend = new Layout.Backend
        {
            Address = Layout.Address.Of(IPAddress.Parse(address)),
            Source = Layout.Address.Of(IPAddress.Parse(address.Contains(':', StringComparison.Ordinal) ? Tunnel6 : Tunnel4)),
            Service = service,
            Mac = Layout.Mac.Of(Convert.ToHexString(Wire.NextMac)),
            OwnMac = Layout.Mac.Of(Convert.ToHexString(Wire.OutMac)),
            Forwarding = forwarding,
            State = Layout.StateKind.Ready,
            Flags = Layout.BackendFlags.Mac,
        };
        var id = ++_backends;
        Map("backends").Update(id, change?.Invoke(backend) ?? backend);
        return id;
    }

    /// <summary>Changes a backend in place.</summary>
    public void ChangeBackend(uint id, Func<Layout.Backend, Layout.Backend> change)
    {
        Map("backends").TryLookup(id, out Layout.Backend backend).ShouldBeTrue();
        Map("backends").Update(id, change(backend));
    }

    /// <summary>Writes a service of one port whose ring names the given backends in turn; returns its id.</summary>
    public uint AddService(string vip, int port, int protocol, Layout.ForwardingKind forwarding, string[] addresses, Func<Layout.Service, Layout.Service>? change = null, Func<Layout.Backend, Layout.Backend>? changeBackend = null)
    {
        var service = NewService(forwarding, addresses, changeBackend);
        AddVip(vip);
        WriteService(vip, port, protocol, change?.Invoke(service) ?? service);
        return service.Id;
    }

    /// <summary>Writes a service of one port, over the one that was there.</summary>
    public void WriteService(string vip, int port, int protocol, Layout.Service service)
    {
        Map("services").Update(Layout.ServiceKey.Of(IPAddress.Parse(vip), port, protocol), service);
        Map("service_epoch").TryLookup(0u, out ulong epoch).ShouldBeTrue();
        Map("service_epoch").Update(0u, epoch + 1);
    }

    /// <summary>A service with its backends and ring written, itself not.</summary>
    public Layout.Service NewService(Layout.ForwardingKind forwarding, string[] addresses, Func<Layout.Backend, Layout.Backend>? changeBackend = null)
    {
        var service = new Layout.Service { Id = ++_services, RingLine = _services, RingSlots = addresses.Length == 0 ? 0 : RingSlots };
        WriteRing(service.RingLine, [.. addresses.Select(address => AddBackend(service.Id, address, forwarding, changeBackend))]);
        return service;
    }

    /// <summary>Writes a ring of 16 slots that names backends in turn.</summary>
    public void WriteRing(uint line, uint[] backends)
    {
        RingLine slots = default;
        for (var i = 0; i < RingSlots && backends.Length > 0; i++)
            slots[i] = backends[i % backends.Length];
        Map("rings").Update(line, slots);
    }

    /// <summary>Makes an address ours.</summary>
    public void AddVip(string vip, Layout.Vip value = default)
    {
        var address = IPAddress.Parse(vip).GetAddressBytes();
        uint folded = 0;
        for (var i = 0; i < address.Length; i += 4)
            folded ^= BinaryPrimitives.ReadUInt32LittleEndian(address.AsSpan(i));
        var bit = (folded * 0x9E3779B1) >> 16;
        Map("vip_filter").TryLookup(bit / 64, out ulong word).ShouldBeTrue();
        Map("vip_filter").Update(bit / 64, word | (1UL << (int)(bit % 64)));
        var key = Layout.Address.Of(IPAddress.Parse(vip));
        if (!Map("vips").TryLookup(key, out Layout.Vip _) || value != default)
            Map("vips").Update(key, value);
    }

    /// <summary>Runs the program on one frame.</summary>
    /// <param name="frame">As it comes in.</param>
    /// <param name="cpu">Where: the flow table is per CPU, so two frames of a flow have to meet the same one.</param>
    /// <param name="ingress">Number of the interface it comes in by: 1, loopback.</param>
    /// <param name="linear">Bytes in the first of its buffers, where there are others (Linux 6.18); 0: as many as fit.</param>
    public (XdpVerdict Verdict, byte[] Frame) Run(byte[] frame, int cpu = 0, uint ingress = 1, int linear = 0)
    {
        var output = new byte[frame.Length + 256];
        var context = new uint[6];
        context[1] = (uint)(linear == 0 ? frame.Length : linear);
        context[3] = ingress;
        var one = 1UL << cpu;
        Span<ulong> all = stackalloc ulong[16]; // as many CPUs as the C library's cpu_set_t has
        GetAffinity(0, (nuint)(all.Length * sizeof(ulong)), ref all[0]).ShouldBe(0);
        SetAffinity(0, sizeof(ulong), ref one).ShouldBe(0);
        try
        {
            var run = Program.TestRun(frame, output, MemoryMarshal.AsBytes<uint>(context));
            return (run.Verdict, output[..run.Length]);
        }
        finally
        {
            SetAffinity(0, (nuint)(all.Length * sizeof(ulong)), ref all[0]).ShouldBe(0);
        }
    }

    /// <summary>Packets dropped, by reason; the sum over all CPUs, only reasons that occurred.</summary>
    public Dictionary<DropReason, ulong> Drops()
    {
        var result = new Dictionary<DropReason, ulong>();
        for (uint reason = 0; reason < Layout.DropReasons; reason++)
        {
            var packets = PerCpu<uint, Layout.DropStats>("drop_stats", reason).Aggregate(0UL, (sum, stats) => sum + stats.Packets);
            if (packets > 0)
                result.Add((DropReason)reason, packets);
        }

        return result;
    }

    /// <summary>The same for a service.</summary>
    public Dictionary<DropReason, ulong> Drops(uint service) => Map("service_drops").Keys<Layout.ServiceDrop>().Where(drop => drop.Service == service)
        .ToDictionary(drop => (DropReason)drop.Reason, drop => PerCpu<Layout.ServiceDrop, Layout.DropStats>("service_drops", drop).Aggregate(0UL, (sum, stats) => sum + stats.Packets));

    /// <summary>Counters of a backend, over all CPUs.</summary>
    public Layout.BackendStats Counters(uint backend)
    {
        Layout.BackendStats sum = default;
        foreach (var stats in PerCpu<uint, Layout.BackendStats>("backend_stats", backend))
        {
            sum.Packets += stats.Packets;
            sum.Bytes += stats.Bytes;
            sum.NewFlows += stats.NewFlows;
            sum.Misses += stats.Misses;
        }

        return sum;
    }

    /// <summary>Answers of a backend by nat, over all CPUs.</summary>
    public Layout.ReturnStats Returns(uint backend) => Maps.Sum<uint, Layout.ReturnStats>("return_stats", backend);

    /// <summary>Packets that went to backends, came from them by nat, were answered or passed up for want of a backend: all that are of a service and not dropped.</summary>
    public ulong Sent()
    {
        var sum = 0UL;
        for (var id = 1u; id <= _backends; id++)
            sum += Counters(id).Packets + Returns(id).Packets;
        for (var id = 1u; id <= _services; id++)
            sum += ServiceCounters(id).Packets;
        return sum;
    }

    /// <summary>Counters of a service, over all CPUs.</summary>
    public Layout.ServiceStats ServiceCounters(uint service)
    {
        Layout.ServiceStats sum = default;
        foreach (var stats in PerCpu<uint, Layout.ServiceStats>("service_stats", service))
        {
            sum.Packets += stats.Packets;
            sum.Bytes += stats.Bytes;
            sum.Rejected += stats.Rejected;
            sum.Cookies += stats.Cookies;
        }

        return sum;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _engineMaps?.Dispose();
        foreach (var map in _maps.Values)
            map.Dispose();
        Program.Dispose();
        _object.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint size, ref ulong mask);

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static partial int GetAffinity(int thread, nuint size, ref ulong mask);

    private T[] PerCpu<TKey, T>(string map, TKey key)
        where TKey : unmanaged
        where T : unmanaged
    {
        var values = new T[BpfCpus.Possible];
        Map(map).TryLookupPerCpu(key, values).ShouldBeTrue();
        return values;
    }

    [System.Runtime.CompilerServices.InlineArray(16)]
    private struct RingLine
    {
        private uint _first;
    }
}
