// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Penstock.L4.Maglev;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>Turns backends of a service into entries: one for each, with nat one for each address that its flows leave from.</summary>
/// <param name="host">The host's interfaces.</param>
/// <param name="hops">Where frames for backends of dsr-l2 go.</param>
/// <param name="ingress">The first interface that packets come in by.</param>
/// <param name="least">The least MTU of all of them.</param>
/// <param name="seed">Of identities.</param>
/// <param name="own">This host's address among those of the proxy tier, whether an interface has it or not; null: it has none.</param>
internal sealed class BackendPlanner(IHostNetwork host, ILinkHops hops, HostInterface ingress, int least, ulong seed, IPAddress? own)
{
    private const int PortBits = 16;

    private readonly IReadOnlySet<IPAddress> _local = host.Addresses();
    private readonly Dictionary<string, HostInterface> _egress = new(StringComparer.Ordinal); // also those that are gone since

    /// <summary>Whether an address is one of this host's.</summary>
    public bool IsLocal(IPAddress address) => _local.Contains(address) || address.Equals(own);

    /// <summary>The backend of a service of the proxy tier without peers.</summary>
    public PlannedBackend ThisHost(ServiceConfig service) =>
        new(0, MaglevIdentity.Of(service.Listen.Address, 0, seed), service.Listen.Address, 1, new Layout.Backend { State = Layout.StateKind.Ready });

    /// <summary>The entries of one backend.</summary>
    /// <param name="service">Its service.</param>
    /// <param name="status">The backend.</param>
    /// <param name="position">Its place among the backends of its service.</param>
    public IEnumerable<PlannedBackend> Plan(ServiceConfig service, BackendStatus status, int position)
    {
        var config = status.Config;
        if (IsResolved(service, config))
            return [Resolve(service, status, position)];
        var value = Value(service, status);
        var sources = value.Forwarding == Layout.ForwardingKind.Nat ? [.. service.Sources.Where(source => source.AddressFamily == config.Address.AddressFamily)] : Array.Empty<IPAddress>();
        if (sources.Length == 0)
            return [new PlannedBackend(position, MaglevIdentity.Of(config.Address, config.Port ?? 0, seed), config.Address, config.Weight, value, status.Share)];

        // The port's upper bits tell apart the shares of one backend, in the order of the file.
        return sources.Select((source, i) => new PlannedBackend(
            position, MaglevIdentity.Of(config.Address, (config.Port ?? 0) | (i << PortBits), seed), config.Address, config.Weight, value with { Source = Layout.Address.Of(source) }, status.Share));
    }

    /// <summary>Whether this host has an address that packets for a backend can leave from, or they need none.</summary>
    public bool Reaches(ServiceConfig service, BackendConfig backend) => !HasSource(Kind(service, backend)) || Source(service, backend) is not null;

    /// <summary>Addresses that flows by nat of a service leave from, whichever its backends are; where the kernel's routes choose, those of this host that they choose among.</summary>
    public IEnumerable<IPAddress> NatSources(ServiceConfig service)
    {
        var family = service.Listen.Address.AddressFamily;
        if (service.Sources.Any(source => source.AddressFamily == family))
            return service.Sources.Where(source => source.AddressFamily == family);
        if (ingress.First(family) is { } own)
            return [own];
        return _local.Where(address => address.AddressFamily == family && !address.IsIPv6LinkLocal && !IPAddress.IsLoopback(address));
    }

    /// <summary>Whether a backend's MAC address is found out.</summary>
    public static bool IsResolved(ServiceConfig service, BackendConfig backend) => service.Forwarding == Forwarding.DsrL2 && backend.Mac is null;

    private PlannedBackend Resolve(ServiceConfig service, BackendStatus status, int position)
    {
        var address = status.Config.Address;
        var hop = hops.Find(address);
        var value = Value(service, status);
        value.Flags = (value.Flags & ~Layout.BackendFlags.Fib) | Layout.BackendFlags.Mac;
        value.Mac = hop.Mac;
        if (hop.Egress is { } egress)
            SetEgress(ref value, egress);
        if (hop.Fault.Length > 0)
            value.State = Layout.StateKind.Down;
        return new PlannedBackend(position, MaglevIdentity.Of(address, 0, seed), address, status.Config.Weight, value, status.Share) { IsResolved = true, Fault = hop.Fault };
    }

    private void SetEgress(ref Layout.Backend value, HostInterface egress)
    {
        value.OwnMac = egress.Mac;
        value.Mtu = Mtu(egress.Mtu);
        value.InterfaceIndex = (uint)egress.Index; // also where packets come in by it: others may come in by another
    }

    private Layout.Backend Value(ServiceConfig service, BackendStatus status)
    {
        var config = status.Config;
        var forwarding = Kind(service, config);
        var value = new Layout.Backend
        {
            Address = Layout.Address.Of(config.Address),
            Forwarding = forwarding,
            State = State(status.State),
            PortBigEndian = BinaryPrimitives.ReverseEndianness((ushort)(config.Port ?? (forwarding == Layout.ForwardingKind.Gue ? BackendConfig.GuePort : 0))),
        };
        if (HasSource(forwarding))
            value.Source = Layout.Address.Of(Source(service, config) ?? throw new L4ApplyException($"service {service.Name}: {ingress.Name} has no address to reach {config.Address} from; set source"));
        if (service.SourceEntropy && config.Address.AddressFamily == AddressFamily.InterNetwork)
            value.Flags |= Layout.BackendFlags.Entropy;
        if (forwarding != Layout.ForwardingKind.Local)
            SetNextHop(ref value, service, config);
        return value;
    }

    private void SetNextHop(ref Layout.Backend value, ServiceConfig service, BackendConfig config)
    {
        if (config.Mac is { } mac)
        {
            value.Flags |= Layout.BackendFlags.Mac;
            value.Mac = Layout.Mac.Of(mac);
            SetEgress(ref value, config.Interface is null ? ingress : Require(config.Interface));
            if (config.Interface is null)
                (value.InterfaceIndex, value.Mtu) = (0, Mtu(least)); // the one they came in by
        }
        else if (service.NextHop == NextHop.Kernel)
        {
            value.Flags |= Layout.BackendFlags.Fib; // the kernel says what fits, too
        }
        else
        {
            value.Mtu = Mtu(least);
        }

        if (config.Vlan is { } vlan)
        {
            value.Flags |= Layout.BackendFlags.Vlan;
            value.VlanBigEndian = BinaryPrimitives.ReverseEndianness((ushort)vlan);
        }
    }

    private static ushort Mtu(int mtu) => (ushort)Math.Min(mtu, ushort.MaxValue);

    private HostInterface Require(string name)
    {
        if (host.Find(name) is { } found)
            return _egress[name] = found;
        return _egress.GetValueOrDefault(name) ?? throw new L4ApplyException($"there is no interface {name}");
    }

    private static bool HasSource(Layout.ForwardingKind forwarding) => forwarding is Layout.ForwardingKind.Ipip or Layout.ForwardingKind.Gue or Layout.ForwardingKind.Nat;

    private IPAddress? Source(ServiceConfig service, BackendConfig backend)
    {
        var family = backend.Address.AddressFamily;
        return service.Sources.FirstOrDefault(source => source.AddressFamily == family) ?? ingress.First(family) ?? host.SourceFor(backend.Address);
    }

    private Layout.ForwardingKind Kind(ServiceConfig service, BackendConfig backend) => service.Forwarding switch
    {
        Forwarding.DsrIpip => Layout.ForwardingKind.Ipip,
        Forwarding.DsrGue => Layout.ForwardingKind.Gue,
        Forwarding.DsrL2 => Layout.ForwardingKind.L2,
        Forwarding.Nat => Layout.ForwardingKind.Nat,
        _ => IsLocal(backend.Address) ? Layout.ForwardingKind.Local : Layout.ForwardingKind.Ipip,
    };

    private static Layout.StateKind State(EndpointState state) => state switch
    {
        EndpointState.Ready => Layout.StateKind.Ready,
        EndpointState.Drain => Layout.StateKind.Drain,
        _ => Layout.StateKind.Down,
    };
}
