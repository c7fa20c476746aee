// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Penstock.L4.Maglev;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>Turns configuration and states into what the maps are to hold.</summary>
/// <param name="host">The host's interfaces.</param>
internal sealed class XdpPlanner(IHostNetwork host)
{
    private const int GuePort = 6080; // IANA: gue

    /// <summary>The plan of a snapshot.</summary>
    /// <exception cref="L4ApplyException">The host lacks an interface or address that a service needs.</exception>
    public PlannedService[] Plan(Snapshot snapshot)
    {
        var config = snapshot.Config.L4;
        if (config.Services.IsEmpty)
            return [];
        var local = host.Addresses();
        var ingress = Require(config.Interfaces[0]);
        return [.. config.Services.Select(service => Plan(service, snapshot.Services[service.Name], (ulong)config.HashSeed, ingress, local))];
    }

    /// <summary>An interface that has to be there.</summary>
    /// <exception cref="L4ApplyException">It is not.</exception>
    public HostInterface Require(string name) => host.Find(name) ?? throw new L4ApplyException($"there is no interface {name}");

    /// <summary>Fails where the kernel would not tell next hops, because it does not forward from an interface.</summary>
    /// <exception cref="L4ApplyException">It does not.</exception>
    public static void RequireForwarding(IReadOnlyList<PlannedService> plan, IEnumerable<HostInterface> devices)
    {
        var families = plan.SelectMany(service => service.Backends)
            .Where(backend => backend.Value.Flags.HasFlag(Layout.BackendFlags.Fib))
            .Select(backend => backend.Address.AddressFamily == AddressFamily.InterNetworkV6 ? "ipv6" : "ipv4").Distinct(StringComparer.Ordinal).ToArray();
        foreach (var device in devices)
        {
            foreach (var family in families)
            {
                var setting = $"/proc/sys/net/{family}/conf/{device.Name}/forwarding";
                if (File.Exists(setting) && File.ReadAllText(setting).StartsWith('0'))
                    throw new L4ApplyException($"the kernel tells next hops only where it forwards: set net.{family}.conf.{device.Name}.forwarding=1, or next_hop: sender, or a mac for each backend");
            }
        }
    }

    private PlannedService Plan(ServiceConfig service, ImmutableArray<BackendStatus> states, ulong seed, HostInterface ingress, IReadOnlySet<IPAddress> local)
    {
        var value = new Layout.Service
        {
            Flags = Flags(service),
            FlowTimeout = service.Listen.Protocol == TransportProtocol.Udp ? (uint)Math.Ceiling(service.UdpTimeout.TotalSeconds) : 0,
            EmptyAction = (byte)(service.Empty == EmptyAction.Pass ? Layout.EmptyKind.Pass : Layout.EmptyKind.Drop),
        };
        var backends = states.IsEmpty && service.Forwarding == Forwarding.L7
            ? [new PlannedBackend(MaglevIdentity.Of(service.Listen.Address, 0, seed), service.Listen.Address, 1, new Layout.Backend { State = Layout.StateKind.Ready })]
            : states.Select(state => Plan(service, state, seed, ingress, local)).ToImmutableArray();
        return new PlannedService(service.Name, service.Listen, value, service.TableSize, backends, ImmutableDictionary<IPNetwork, Layout.SourceVerdict>.Empty);
    }

    private PlannedBackend Plan(ServiceConfig service, BackendStatus status, ulong seed, HostInterface ingress, IReadOnlySet<IPAddress> local)
    {
        var config = status.Config;
        var forwarding = Kind(service, config, local);
        var value = new Layout.Backend
        {
            Address = Layout.Address.Of(config.Address),
            Forwarding = forwarding,
            State = State(status.State),
            PortBigEndian = BinaryPrimitives.ReverseEndianness((ushort)(config.Port ?? (forwarding == Layout.ForwardingKind.Gue ? GuePort : 0))),
        };
        if (forwarding is Layout.ForwardingKind.Ipip or Layout.ForwardingKind.Gue)
        {
            value.Source = Layout.Address.Of(Source(service, config, ingress));
            value.Mtu = (ushort)Math.Min(ingress.Mtu, ushort.MaxValue);
        }

        if (forwarding != Layout.ForwardingKind.Local)
            SetNextHop(ref value, service, config, ingress);
        return new PlannedBackend(MaglevIdentity.Of(config.Address, 0, seed), config.Address, config.Weight, value);
    }

    private void SetNextHop(ref Layout.Backend value, ServiceConfig service, BackendConfig config, HostInterface ingress)
    {
        if (config.Mac is { } mac)
        {
            var egress = config.Interface is null ? ingress : Require(config.Interface);
            value.Flags |= Layout.BackendFlags.Mac;
            value.Mac = Layout.Mac.Of(mac);
            value.OwnMac = egress.Mac;
            value.InterfaceIndex = egress.Index == ingress.Index ? 0 : (uint)egress.Index;
        }
        else if (service.NextHop == NextHop.Kernel)
        {
            value.Flags |= Layout.BackendFlags.Fib;
        }
    }

    private IPAddress Source(ServiceConfig service, BackendConfig backend, HostInterface ingress)
    {
        var family = backend.Address.AddressFamily;
        if (service.Source is { } configured && configured.AddressFamily == family)
            return configured;
        return ingress.First(family) ?? host.SourceFor(backend.Address)
            ?? throw new L4ApplyException($"service {service.Name}: {ingress.Name} has no address to reach {backend.Address} from; set source");
    }

    private static Layout.ForwardingKind Kind(ServiceConfig service, BackendConfig backend, IReadOnlySet<IPAddress> local) => service.Forwarding switch
    {
        Forwarding.DsrIpip => Layout.ForwardingKind.Ipip,
        Forwarding.DsrGue => Layout.ForwardingKind.Gue,
        Forwarding.DsrL2 => Layout.ForwardingKind.L2,
        _ => local.Contains(backend.Address) ? Layout.ForwardingKind.Local : Layout.ForwardingKind.Ipip,
    };

    private static Layout.StateKind State(EndpointState state) => state switch
    {
        EndpointState.Ready => Layout.StateKind.Ready,
        EndpointState.Drain => Layout.StateKind.Drain,
        _ => Layout.StateKind.Down,
    };

    private static Layout.ServiceFlags Flags(ServiceConfig service)
    {
        var flags = Layout.ServiceFlags.None;
        if (service.Hash == HashOn.Client)
            flags |= Layout.ServiceFlags.ClientHash;
        if (!service.FlowTable)
            flags |= Layout.ServiceFlags.NoFlows;
        return flags;
    }
}
