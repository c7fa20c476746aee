// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Penstock.Linux;
using Penstock.Linux.Bpf;
using Penstock.Linux.Netlink;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>Goes the program's way for one packet, through the real maps and without a trace in them.</summary>
/// <param name="maps">The maps.</param>
/// <param name="entries">Services in them.</param>
/// <param name="plan">What they were written by.</param>
/// <param name="settings">The program's settings.</param>
/// <param name="devices">Interfaces that packets come in by.</param>
internal sealed class XdpExplainer(XdpMaps maps, IEnumerable<ServiceEntry> entries, PlannedService[] plan, Layout.Settings settings, HostInterface[] devices)
{
    private const int VlanMask = 0xFFF;             // the number in a tag (IEEE 802.1Q)
    private const string Passed = "passed up this host's stack, unchanged";
    private const string Martian = "dropped: martian";

    /// <summary>What becomes of a packet.</summary>
    public PacketExplanation Explain(IPEndPoint from, IPEndPoint to, TransportProtocol protocol)
    {
        if (maps.FindPort(to.Address, to.Port, (int)protocol) is not { } service)
        {
            if (maps.FindNatFlow(from, to, protocol) is { IsBack: true } back)
                return Back(from, back, protocol);
            if (maps.FindRange(to.Address, to.Port, (int)protocol) is not { } range)
                return Unserved(to, protocol);
            service = range;
        }

        var name = Name(service.Id);
        var hash = FlowHash.Of(from, to, protocol, HashOn.Flow, settings.HashSeed);
        if (maps.FindSource(service.Id, from.Address) is var verdict && Refusal(service.Flags, verdict) is { } refusal)
            return new PacketExplanation(name, "", refusal.Why, "", $"dropped: {refusal.Reason}");
        var isNat = service.Flags.HasFlag(Layout.ServiceFlags.Nat);
        if (isNat && maps.FindNatFlow(from, to, protocol) is { IsBack: false } flow && Takes(flow.Choice, service) && !HasExpired(flow, protocol))
            return Answer(name, flow.Choice & Layout.BackendMask, "the table of nat flows remembers it", from, to, protocol, flow);
        var (id, why) = isNat ? (0, "") : Remembered(service, hash);
        var isRemembered = id != 0;
        if (id == 0)
            (id, why) = Overridden(service, from);
        if (id == 0)
        {
            var isByClient = service.Flags.HasFlag(Layout.ServiceFlags.ClientHash);
            var ringHash = isByClient ? FlowHash.Of(from, to, protocol, HashOn.Client, settings.HashSeed) : hash;
            if (service.RingSlots == 0)
                return new PacketExplanation(name, "", "no backend is ready" + Older(service, id, ringHash), "", Empty(service, from.Address, protocol));
            var slot = FlowHash.Slot(ringHash, service.RingSlots);
            id = maps.Ring((int)service.RingLine, (int)service.RingSlots)[(int)slot];
            why = $"slot {slot} of {service.RingSlots} of its Maglev table, by {(isByClient ? "the client's address" : "the flow")}; no flow is remembered{Older(service, id, ringHash)}";
        }

        if (isNat && (IsMartian(from.Address) || from.Address.Equals(to.Address)))
            return new PacketExplanation(name, "", $"{from.Address} is no address that a client sends from: no flow by nat begins", "", Martian);
        if (Cookies(service, id, protocol) is { } cookies)
            return new PacketExplanation(name, "local", why + cookies, "", "a SYN: answered by a cookie on those CPUs; any other segment: " + Passed + (isRemembered ? "" : ", unless it is of no connection and carries no cookie: dropped as syn_cookie"));
        if (service.Flags.HasFlag(Layout.ServiceFlags.Quic))
            why += "; a QUIC connection id with a known server id would choose that server";
        return Answer(name, id, why, from, to, protocol, flow: null);
    }

    private string Name(uint service)
    {
        var listen = entries.First(entry => entry.Id == service).Listen;
        return plan.First(planned => planned.Listen == listen).Name;
    }

    private PacketExplanation Unserved(IPEndPoint to, TransportProtocol protocol)
    {
        var isClosed = maps.FindVip(to.Address) is { } vip && vip.Flags.HasFlag(Layout.VipFlags.Closed);
        return new PacketExplanation("", "", $"no service listens at {protocol.ToString().ToLowerInvariant()}://{to}", "", isClosed ? "dropped: no_service" : Passed);
    }

    // What a server answers by nat; whether it is a backend still does not matter to that.
    private PacketExplanation Back(IPEndPoint from, in Layout.NatFlow flow, TransportProtocol protocol)
    {
        var backend = maps.ReadBackend(flow.Choice & Layout.BackendMask);
        return new PacketExplanation(
            backend.State != Layout.StateKind.Unused && backend.Generation == flow.Choice >> Layout.BackendBits ? Name(backend.Service) : "",
            from.Address.ToString(),
            "an answer of this backend: the table of nat flows remembers its client",
            Tagged($"{flow.Mac} by {Interface((int)flow.InterfaceIndex)}", flow.TciBigEndian),
            Translated(flow, protocol));
    }

    // As nat_expired in bpf/include/nat_state.h.
    private bool HasExpired(in Layout.NatFlow flow, TransportProtocol protocol)
    {
        var timeout = protocol != TransportProtocol.Tcp ? settings.NatUdpTimeout : flow.State == (int)Layout.FlowState.Established ? settings.NatTcpTimeout : settings.NatOpeningTimeout;
        return (int)(BpfClock.Seconds - flow.Seen) > timeout;
    }

    // As backend_before in bpf/include/second.h, but for connections of this host, which only the kernel knows.
    private string Older(in Layout.Service service, uint choice, ulong hash)
    {
        if (service.SecondSlots == 0 || service.Flags.HasFlag(Layout.ServiceFlags.Overrides))
            return "";
        var id = maps.Ring((int)service.SecondLine, (int)service.SecondSlots)[(int)FlowHash.Slot(hash, service.SecondSlots)];
        var backend = maps.ReadBackend(id);
        if (id == service.LocalBackend)
            return "";
        if (backend.State == Layout.StateKind.Drain)
            return $"; segments of a flow that began before {backend.Address.ToIPAddress()} was in drain go there";
        return service.LocalBackend != 0 && choice == service.LocalBackend ? $"; segments of a flow that this host has no connection of go to {backend.Address.ToIPAddress()}" : "";
    }

    private PacketExplanation Answer(string name, uint id, string why, IPEndPoint from, IPEndPoint to, TransportProtocol protocol, Layout.NatFlow? flow)
    {
        var backend = maps.ReadBackend(id);
        return backend.Forwarding == Layout.ForwardingKind.Local
            ? new PacketExplanation(name, "local", why, "", Passed)
            : new PacketExplanation(name, backend.Address.ToIPAddress().ToString(), why, NextHop(backend), Becomes(backend, from, to, protocol, flow));
    }

    private static string Empty(in Layout.Service service, IPAddress from, TransportProtocol protocol) => (Layout.EmptyKind)service.EmptyAction switch
    {
        Layout.EmptyKind.Pass => Passed,
        Layout.EmptyKind.Reject when IsMartian(from) => Martian,
        Layout.EmptyKind.Reject => protocol == TransportProtocol.Tcp ? "answered with a reset" : "answered with ICMP port unreachable",
        _ => "dropped: no_backend",
    };

    // As is_martian in bpf/include/frame.h.
    private static bool IsMartian(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return address.AddressFamily == AddressFamily.InterNetwork
            ? bytes[0] is 0 or 127 or >= 224
            : bytes[0] == 0xff || (!bytes.AsSpan(0, bytes.Length - 1).ContainsAnyExcept((byte)0) && bytes[^1] <= 1);
    }

    private static (string Reason, string Why)? Refusal(Layout.ServiceFlags flags, Layout.SourceVerdict? verdict)
    {
        if (flags.HasFlag(Layout.ServiceFlags.Block) && verdict == Layout.SourceVerdict.Block)
            return ("source_blocked", "the client is on the service's block list");
        return flags.HasFlag(Layout.ServiceFlags.Allow) && verdict != Layout.SourceVerdict.Allow
            ? ("source_not_allowed", "the client is not on the service's allow list")
            : null;
    }

    private (uint Backend, string Why) Overridden(in Layout.Service service, IPEndPoint from)
    {
        if (!service.Flags.HasFlag(Layout.ServiceFlags.Overrides) || maps.FindOverride(service.Id, from.Address) is not { } id)
            return (0, "");
        var backend = maps.ReadBackend(id);
        return backend.Service == service.Id && backend.State == Layout.StateKind.Ready ? (id, "an override names it for the client's address; no flow is remembered") : (0, "");
    }

    private bool Takes(uint choice, in Layout.Service service)
    {
        var id = choice & Layout.BackendMask;
        var backend = id < maps.Backends ? maps.ReadBackend(id) : default;
        return backend.Service == service.Id && backend.Generation == choice >> Layout.BackendBits && backend.State is Layout.StateKind.Ready or Layout.StateKind.Drain;
    }

    private (uint Backend, string Why) Remembered(Layout.Service service, ulong hash)
    {
        (uint Backend, string Why) last = (0, "");
        var now = BpfClock.Seconds;
        if (settings.FlowSets == 0 || service.Flags.HasFlag(Layout.ServiceFlags.NoFlows))
            return last;
        var lastUse = 0;
        for (var cpu = 0u; cpu < settings.Cpus; cpu++)
        {
            var set = maps.FlowSet((cpu * settings.FlowSets) + (uint)(hash & (settings.FlowSets - 1)));
            for (var way = 0; way < Layout.FlowWays; way++)
            {
                if (set.Tag[way] != FlowHash.Tag(hash) || !Takes(set.Choice[way], service) || Layout.StateOf(set.Use[way]) == Layout.FlowState.Stale)
                    continue;
                var idle = (now - set.Use[way]) & Layout.FlowAgeMask;
                if (service.FlowTimeout > 0 && idle > service.FlowTimeout && idle != Layout.FlowAgeMask) // of UDP alone; one a second ahead is not old
                    continue;
                if (last.Backend == 0 || ((set.Use[way] - lastUse) & Layout.FlowAgeMask) < Layout.FlowAgeMask / 2)
                    (last, lastUse) = ((set.Choice[way] & Layout.BackendMask, $"the flow table of CPU {cpu} remembers it"), set.Use[way]);
            }
        }

        return last;
    }

    // As answer_by_cookie in bpf/include/cookie.h, of CPUs that have answered so in this second.
    private string? Cookies(Layout.Service service, uint id, TransportProtocol protocol)
    {
        if (protocol != TransportProtocol.Tcp || !service.Flags.HasFlag(Layout.ServiceFlags.SynCookies) || maps.ReadBackend(id).Forwarding != Layout.ForwardingKind.Local)
            return null;
        var now = BpfClock.Seconds;
        var cpus = maps.SynWindows(service.Id).Select((window, cpu) => (window, cpu)).Where(one => now - one.window.Second + 1 <= 2 && one.window.Syns >= service.SynThreshold).Select(one => one.cpu).ToArray();
        return cpus.Length > 0 ? $"; more than {service.SynThreshold} SYNs in this second on CPU {string.Join(", ", cpus)}" : null;
    }

    private string NextHop(in Layout.Backend backend)
    {
        var hop = backend.Flags.HasFlag(Layout.BackendFlags.Mac) ? (backend.InterfaceIndex == 0 ? backend.Mac.ToString() : $"{backend.Mac} by {Interface((int)backend.InterfaceIndex)}")
            : backend.Flags.HasFlag(Layout.BackendFlags.Fib) ? Forwarded(backend.Address.ToIPAddress())
            : "the MAC address it came from";
        return !backend.Flags.HasFlag(Layout.BackendFlags.Vlan) ? hop : backend.VlanBigEndian == 0 ? hop + ", without a VLAN tag" : Tagged(hop, backend.VlanBigEndian);
    }

    private static string Tagged(string hop, ushort tci) => tci == 0 ? hop : $"{hop}, VLAN {BinaryPrimitives.ReverseEndianness(tci) & VlanMask}";

    private string Forwarded(IPAddress address)
    {
        string[] missing = [.. KernelForwarding.Missing(plan, devices).Where(one => one.Family == address.AddressFamily).Select(one => one.Interface)];
        var none = $"none, the kernel does not forward on {string.Join(", ", missing)}: dropped as no_route";
        return missing.Length == 0 ? Routed(address) : missing.Length == devices.Length ? none : $"where it comes in by {string.Join(", ", missing)} {none}; else {Routed(address)}";
    }

    // What the kernel says as the program asks it, but for rules of its own about where a packet came from.
    private static string Routed(IPAddress address)
    {
        try
        {
            using var kernel = new RouteNetlink();
            if (kernel.Route(address) is not { } route)
                return $"none, there is no route to {address}: dropped as no_route";
            var hop = route.Gateway ?? address;
            var known = kernel.Neighbours(hop.AddressFamily).FirstOrDefault(neighbour => neighbour.IsUsable && neighbour.InterfaceIndex == route.InterfaceIndex && neighbour.Address.Equals(hop));
            return known is null
                ? $"none, nobody on {Interface(route.InterfaceIndex)} answers for {hop}: dropped as no_route"
                : $"{BitConverter.ToString(known.LinkAddress!.GetAddressBytes()).Replace('-', ':').ToLowerInvariant()} by {Interface(route.InterfaceIndex)}, as the kernel routes to {address}"; // usable ones have one
        }
        catch (NetlinkException)
        {
            return $"as the kernel routes to {address}";
        }
    }

    private static string Interface(int index) => NetworkDevice.Name(index) ?? $"interface {index}";

    private static string Translated(in Layout.NatFlow flow, TransportProtocol protocol) =>
        $"{new IPEndPoint(flow.Source.ToIPAddress(), flow.SourcePort)} > {new IPEndPoint(flow.Destination.ToIPAddress(), flow.DestinationPort)} {protocol.ToString().ToLowerInvariant()}";

    private static string Becomes(in Layout.Backend backend, IPEndPoint from, IPEndPoint to, TransportProtocol protocol, Layout.NatFlow? flow)
    {
        var name = protocol.ToString().ToLowerInvariant();
        var packet = $"{from} > {to} {name}";
        var (source, address) = (backend.Source.ToIPAddress(), backend.Address.ToIPAddress());
        return backend.Forwarding switch
        {
            Layout.ForwardingKind.Ipip => $"{source} > {address} ipip ({packet})",
            Layout.ForwardingKind.Gue => $"{source} > {address} udp port {backend.Port} ({packet})",
            Layout.ForwardingKind.Nat when flow is { } known => Translated(known, protocol),
            Layout.ForwardingKind.Nat => $"{source}, a free port > {new IPEndPoint(address, backend.Port == 0 ? to.Port : backend.Port)} {name}",
            _ => packet,
        };
    }
}
