// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>Goes the program's way for one packet, through the real maps and without a trace in them.</summary>
/// <param name="maps">The maps.</param>
/// <param name="entries">Services in them.</param>
/// <param name="plan">What they were written by.</param>
/// <param name="settings">The program's settings.</param>
internal sealed class XdpExplainer(XdpMaps maps, IEnumerable<ServiceEntry> entries, PlannedService[] plan, Layout.Settings settings)
{
    private const uint BackendMask = 0xFFFFFF; // BACKEND_MASK of bpf/include/flow.h
    private const int GenerationShift = 24;

    /// <summary>What becomes of a packet.</summary>
    public PacketExplanation Explain(IPEndPoint from, IPEndPoint to, TransportProtocol protocol)
    {
        const string Passed = "passed up this host's stack, unchanged";
        if (maps.FindService(to.Address, to.Port, (int)protocol) is not { } service)
            return new PacketExplanation("", "", $"no service listens at {protocol.ToString().ToLowerInvariant()}://{to}", "", Passed);

        var listen = entries.First(entry => entry.Id == service.Id).Listen;
        var name = plan.First(planned => planned.Listen == listen).Name;
        var hash = FlowHash.Of(from, to, protocol, HashOn.Flow, settings.HashSeed);
        var (id, why) = Remembered(service, hash);
        if (id == 0)
        {
            if (service.RingSlots == 0)
                return new PacketExplanation(name, "", "no backend is ready", "", service.EmptyAction == (byte)Layout.EmptyKind.Pass ? Passed : "dropped: no_backend");
            var isByClient = service.Flags.HasFlag(Layout.ServiceFlags.ClientHash);
            var slot = FlowHash.Slot(isByClient ? FlowHash.Of(from, to, protocol, HashOn.Client, settings.HashSeed) : hash, service.RingSlots);
            id = maps.Ring((int)service.RingLine, (int)service.RingSlots)[(int)slot];
            why = $"slot {slot} of {service.RingSlots} of its Maglev table, by {(isByClient ? "the client's address" : "the flow")}; no flow is remembered";
        }

        var backend = maps.ReadBackend(id);
        return backend.Forwarding == Layout.ForwardingKind.Local
            ? new PacketExplanation(name, "local", why, "", Passed)
            : new PacketExplanation(name, backend.Address.ToIPAddress().ToString(), why, NextHop(backend), Becomes(backend, from, to, protocol));
    }

    private (uint Backend, string Why) Remembered(Layout.Service service, ulong hash)
    {
        if (settings.FlowSets == 0 || service.Flags.HasFlag(Layout.ServiceFlags.NoFlows))
            return (0, "");
        for (var cpu = 0u; cpu < settings.Cpus; cpu++)
        {
            var set = maps.FlowSet((cpu * settings.FlowSets) + (uint)(hash & (settings.FlowSets - 1)));
            for (var way = 0; way < Layout.FlowWays; way++)
            {
                if (set.Tag[way] != FlowHash.Tag(hash))
                    continue;
                var id = set.Choice[way] & BackendMask;
                var backend = id < maps.Backends ? maps.ReadBackend(id) : default;
                if (backend.Service == service.Id && backend.Generation == set.Choice[way] >> GenerationShift && backend.State is Layout.StateKind.Ready or Layout.StateKind.Drain)
                    return (id, $"the flow table of CPU {cpu} remembers it");
            }
        }

        return (0, "");
    }

    private static string NextHop(in Layout.Backend backend)
    {
        if (backend.Flags.HasFlag(Layout.BackendFlags.Mac))
            return backend.InterfaceIndex == 0 ? backend.Mac.ToString() : $"{backend.Mac} by interface {backend.InterfaceIndex}";
        return backend.Flags.HasFlag(Layout.BackendFlags.Fib) ? $"as the kernel routes to {backend.Address.ToIPAddress()}" : "the MAC address it came from";
    }

    private static string Becomes(in Layout.Backend backend, IPEndPoint from, IPEndPoint to, TransportProtocol protocol)
    {
        var packet = $"{from} > {to} {protocol.ToString().ToLowerInvariant()}";
        var outer = $"{backend.Source.ToIPAddress()} > {backend.Address.ToIPAddress()}";
        return backend.Forwarding switch
        {
            Layout.ForwardingKind.Ipip => $"{outer} ipip ({packet})",
            Layout.ForwardingKind.Gue => $"{outer} udp port {backend.Port} ({packet})",
            _ => packet,
        };
    }
}
