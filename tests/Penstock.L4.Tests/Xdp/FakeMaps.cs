// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Xdp;

namespace Penstock.L4.Tests.Xdp;

/// <summary>Maps in memory that look, after every write, at what a packet would meet.</summary>
internal sealed class FakeMaps(int ringLines = 4096, int backends = 256, int services = 64) : IXdpMaps
{
    private readonly Layout.Backend[] _backends = new Layout.Backend[backends];
    private readonly Dictionary<uint, ulong> _owners = [];
    private readonly uint[] _rings = new uint[ringLines * Layout.RingLineSlots];

    public Dictionary<Layout.ServiceKey, Layout.Service> ServiceMap { get; } = [];

    public Dictionary<Layout.RangeKey, Layout.Service> RangeMap { get; } = [];

    public Dictionary<Layout.Address, Layout.Vip> VipMap { get; } = [];

    public Dictionary<Layout.SourceKey, Layout.SourceVerdict> SourceMap { get; } = [];

    public Dictionary<Layout.SourceKey, uint> OverrideMap { get; } = [];

    public Dictionary<Layout.QuicKey, uint> QuicMap { get; } = [];

    /// <summary>Every write, in order.</summary>
    public List<string> Writes { get; } = [];

    /// <summary>Writes that are refused: those this is true of, by what <see cref="Writes"/> would say. Null: none.</summary>
    public Func<string, bool>? Refuses { get; set; }

    /// <summary>Called after every write.</summary>
    public Action<string>? After { get; set; }

    public int RingLines => ringLines;

    public int Backends => backends;

    public int Services => services;

    public Layout.Backend ReadBackend(uint id) => _backends[id];

    public void WriteBackend(uint id, in Layout.Backend value)
    {
        Begin($"backend {id} {value.State}");
        _backends[id] = value;
        Wrote($"backend {id} {value.State}");
    }

    public void ClearBackendStats(uint id) => Wrote($"clear backend {id}");

    public void ClearServiceStats(uint id) => Wrote($"clear service {id}");

    public ulong ReadServiceOwner(uint id) => _owners.GetValueOrDefault(id);

    public void WriteServiceOwner(uint id, ulong owner) => _owners[id] = owner; // no packet meets it

    public Span<uint> Ring(int firstLine, int slots) => _rings.AsSpan(firstLine * Layout.RingLineSlots, slots);

    public void WriteVip(IPAddress address, in Layout.Vip value)
    {
        Begin($"vip {address}");
        VipMap[Layout.Address.Of(address)] = value;
        Wrote($"vip {address}");
    }

    public void DeleteVip(IPAddress address)
    {
        VipMap.Remove(Layout.Address.Of(address)).ShouldBeTrue();
        Wrote($"no vip {address}");
    }

    public void WriteService(in Layout.ServiceKey key, in Layout.Service value)
    {
        Begin($"service {key.Port}");
        ServiceMap[key] = value;
        Wrote($"service {key.Port}");
    }

    public void DeleteService(in Layout.ServiceKey key)
    {
        Begin($"no service {key.Port}");
        if (ServiceMap.Remove(key))
            Wrote($"no service {key.Port}");
    }

    public void WriteRange(in Layout.RangeKey key, in Layout.Service value)
    {
        Begin($"range {key.Ports.First}/{key.Ports.Bits}");
        RangeMap[key] = value;
        Wrote($"range {key.Ports.First}/{key.Ports.Bits}");
    }

    public void DeleteRange(in Layout.RangeKey key)
    {
        Begin($"no range {key.Ports.First}/{key.Ports.Bits}");
        if (RangeMap.Remove(key))
            Wrote($"no range {key.Ports.First}/{key.Ports.Bits}");
    }

    public void WriteSources(ReadOnlySpan<Layout.SourceKey> keys, ReadOnlySpan<Layout.SourceVerdict> verdicts)
    {
        Begin($"sources {keys.Length}");
        for (var i = 0; i < keys.Length; i++)
            SourceMap[keys[i]] = verdicts[i];
        Wrote($"sources {keys.Length}");
    }

    public void DeleteSources(ReadOnlySpan<Layout.SourceKey> keys)
    {
        Begin($"no sources {keys.Length}");
        foreach (var key in keys)
            SourceMap.Remove(key);
        Wrote($"no sources {keys.Length}");
    }

    public void WriteOverride(in Layout.SourceKey key, uint backend)
    {
        OverrideMap[key] = backend;
        Wrote($"override {backend}");
    }

    public void DeleteOverride(in Layout.SourceKey key)
    {
        OverrideMap.Remove(key).ShouldBeTrue();
        Wrote("no override");
    }

    public void WriteQuicServer(in Layout.QuicKey key, uint backend)
    {
        QuicMap[key] = backend;
        Wrote($"quic {key.Server} {backend}");
    }

    public void DeleteQuicServer(in Layout.QuicKey key)
    {
        QuicMap.Remove(key).ShouldBeTrue();
        Wrote($"no quic {key.Server}");
    }

    public XdpContents Read() => new(
        [.. ServiceMap],
        [.. RangeMap],
        [.. VipMap],
        Enumerable.Range(1, backends - 1).Where(id => _backends[id].State != Layout.StateKind.Unused).ToDictionary(id => (uint)id, id => _backends[id]),
        [.. SourceMap],
        [.. OverrideMap],
        [.. QuicMap]);

    /// <summary>The addresses a service's ring leads to, with their slots.</summary>
    public Dictionary<string, int> Shares(int port)
    {
        var service = ServiceMap.Single(entry => entry.Key.Port == port).Value;
        return Ring((int)service.RingLine, (int)service.RingSlots).ToArray()
            .GroupBy(id => _backends[id].Address.ToIPAddress().ToString())
            .ToDictionary(group => group.Key, group => group.Count());
    }

    /// <summary>The same of its second ring.</summary>
    public Dictionary<string, int> SecondShares(int port)
    {
        var service = ServiceMap.Single(entry => entry.Key.Port == port).Value;
        return Ring((int)service.SecondLine, (int)service.SecondSlots).ToArray()
            .GroupBy(id => _backends[id].Address.ToIPAddress().ToString())
            .ToDictionary(group => group.Key, group => group.Count());
    }

    /// <summary>The service that a packet to a port meets; null: none.</summary>
    public Layout.Service? Find(IPAddress address, int port)
    {
        if (ServiceMap.TryGetValue(Layout.ServiceKey.Of(address, port, 6), out var service))
            return service;
        if (!VipMap.TryGetValue(Layout.Address.Of(address), out var vip) || !vip.Flags.HasFlag(Layout.VipFlags.Ranges))
            return null;
        var parts = RangeMap.Where(part => part.Key.Address.Equals(Layout.Address.Of(address)) && (port ^ part.Key.Ports.First) >> (16 - part.Key.Ports.Bits) == 0).ToArray();
        return parts.Length > 0 ? parts.MaxBy(part => part.Key.Ports.Bits).Value : null;
    }

    private void Begin(string what)
    {
        if (Refuses?.Invoke(what) == true)
            throw new IOException($"refused: {what}");
    }

    private void Wrote(string what)
    {
        Writes.Add(what);
        After?.Invoke(what);
        foreach (var (key, service) in ServiceMap)
            Look(VipMap.ContainsKey(key.Address), service, what);
        foreach (var (key, service) in RangeMap)
            Look(VipMap.TryGetValue(key.Address, out var vip) && vip.Flags.HasFlag(Layout.VipFlags.Ranges), service, what);
        foreach (var (service, id) in OverrideMap.Select(entry => (entry.Key.Service, entry.Value)).Concat(QuicMap.Select(entry => (entry.Key.Service, entry.Value))))
            (_backends[id].Service == service && _backends[id].State != Layout.StateKind.Unused).ShouldBeTrue($"after {what}: clients of service {service} named backend {id}");
    }

    // A packet may come at any time: its address is known, each slot names a backend of the service that takes flows.
    private void Look(bool isKnown, Layout.Service service, string after)
    {
        isKnown.ShouldBeTrue($"after {after}: a service without its address");
        foreach (var id in Ring((int)service.RingLine, (int)service.RingSlots))
        {
            if (_backends[id].Service != service.Id || _backends[id].State != Layout.StateKind.Ready)
                throw new ShouldAssertException($"after {after}: service {service.Id} leads to backend {id}, {_backends[id].State} of service {_backends[id].Service}");
        }

        foreach (var id in Ring((int)service.SecondLine, (int)service.SecondSlots))
            (_backends[id].Service == service.Id && _backends[id].State != Layout.StateKind.Unused).ShouldBeTrue($"after {after}: the second ring of service {service.Id} leads to backend {id}");
    }
}
