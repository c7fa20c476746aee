// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.Linux;
using Penstock.Linux.Netlink;
using Penstock.Model.L4;

namespace Penstock.L4.Ipvs;

/// <summary>Messages of the kernel's IPVS family, version 1 (linux/ip_vs.h): written for commands, read from dumps.</summary>
internal static class IpvsCodec
{
    // IPVS_CMD_ATTR_*
    private const ushort ServiceAttribute = 1;
    private const ushort DestinationAttribute = 2;
    private const ushort DaemonAttribute = 3;

    private const ushort FamilyInet = 2;   // AF_INET
    private const ushort FamilyInet6 = 10; // AF_INET6
    private const int AddressLength = 16;  // union nf_inet_addr

    /// <summary>Commands: IPVS_CMD_*.</summary>
    internal enum Command : byte
    {
        NewService = 1,
        SetService,
        DeleteService,
        GetService,
        NewDestination,
        SetDestination,
        DeleteDestination,
        GetDestination,
        NewDaemon,
        DeleteDaemon,
        GetDaemon,
        SetConfig,
        GetConfig,
    }

    // IPVS_SVC_ATTR_*
    private enum OfService : ushort
    {
        Family = 1,
        Protocol,
        Address,
        Port,
        Mark,
        Scheduler,
        Flags,
        Timeout,
        Netmask,
        Stats,
        PersistenceEngine,
        Stats64,
    }

    // IPVS_DEST_ATTR_*
    private enum OfDestination : ushort
    {
        Address = 1,
        Port,
        Method,
        Weight,
        UpperThreshold,
        LowerThreshold,
        Active,
        Inactive,
        Persistent,
        Stats,
        Family,
        Stats64,
        TunnelType,
        TunnelPort,
        TunnelFlags,
    }

    /// <summary>Writes a change.</summary>
    public static void Write(NetlinkWriter writer, GenericNetlinkFamily family, IpvsCommand command)
    {
        family.Begin(writer, (byte)CommandOf(command));
        var isWhole = command.Destination is null && command.Kind != IpvsCommandKind.Remove;
        WriteService(writer, command.Service, isWhole);
        if (command.Destination is { } destination)
            WriteDestination(writer, destination, command.Kind != IpvsCommandKind.Remove);
    }

    /// <summary>Writes the request for all services.</summary>
    public static void WriteDumpServices(NetlinkWriter writer, GenericNetlinkFamily family) => family.Begin(writer, (byte)Command.GetService, NetlinkFlags.Dump);

    /// <summary>Writes the request for a service's destinations.</summary>
    public static void WriteDumpDestinations(NetlinkWriter writer, GenericNetlinkFamily family, IpvsService service)
    {
        family.Begin(writer, (byte)Command.GetDestination, NetlinkFlags.Dump);
        WriteService(writer, service, isWhole: false);
    }

    /// <summary>Writes the request for the sync daemons that run.</summary>
    public static void WriteDumpSync(NetlinkWriter writer, GenericNetlinkFamily family) => family.Begin(writer, (byte)Command.GetDaemon, NetlinkFlags.Dump);

    /// <summary>Writes the start or end of a sync daemon.</summary>
    public static void WriteSync(NetlinkWriter writer, GenericNetlinkFamily family, IpvsSync sync, bool start)
    {
        family.Begin(writer, (byte)(start ? Command.NewDaemon : Command.DeleteDaemon));
        var nested = writer.BeginNested(DaemonAttribute);
        writer.Add(1, sync.IsMaster ? 1u : 2u); // IPVS_DAEMON_ATTR_STATE: IP_VS_STATE_MASTER, _BACKUP
        writer.Add(2, sync.Interface);
        writer.Add(3, sync.Id);
        writer.EndNested(nested);
    }

    /// <summary>Writes timeouts, seconds: of TCP, of TCP after a FIN, of UDP; 0 leaves one as it is.</summary>
    public static void WriteTimeouts(NetlinkWriter writer, GenericNetlinkFamily family, IpvsTimeouts timeouts)
    {
        family.Begin(writer, (byte)Command.SetConfig);
        writer.Add(4, timeouts.Tcp); // IPVS_CMD_ATTR_TIMEOUT_*
        writer.Add(5, timeouts.TcpFin);
        writer.Add(6, timeouts.Udp);
    }

    /// <summary>Writes the request for them.</summary>
    public static void WriteGetTimeouts(NetlinkWriter writer, GenericNetlinkFamily family) => family.Begin(writer, (byte)Command.GetConfig);

    /// <summary>Reads timeouts.</summary>
    public static IpvsTimeouts ReadTimeouts(in NetlinkMessage message)
    {
        var timeouts = default(IpvsTimeouts);
        var attributes = message.Attributes(GenericNetlinkFamily.HeaderLength);
        while (attributes.TryRead(out var attribute))
        {
            timeouts = attribute.Type switch
            {
                4 => timeouts with { Tcp = attribute.UInt32() },
                5 => timeouts with { TcpFin = attribute.UInt32() },
                6 => timeouts with { Udp = attribute.UInt32() },
                _ => timeouts,
            };
        }

        attributes.RequireWhole();
        return timeouts;
    }

    /// <summary>Reads a sync daemon.</summary>
    public static IpvsSync ReadSync(in NetlinkMessage message)
    {
        var (state, name, id) = (0u, "", 0u);
        var attributes = Only(message, DaemonAttribute);
        while (attributes.TryRead(out var attribute))
        {
            if (attribute.Type == 1)
                state = attribute.UInt32();
            else if (attribute.Type == 2)
                name = attribute.Text();
            else if (attribute.Type == 3)
                id = attribute.UInt32();
        }

        attributes.RequireWhole();
        return new IpvsSync(state == 1, name, id);
    }

    /// <summary>Reads a service of a dump.</summary>
    /// <exception cref="NetlinkException">It lacks what every service has.</exception>
    public static (IpvsService Service, IpvsCounters Counters) ReadService(in NetlinkMessage message)
    {
        ushort family = 0;
        var (protocol, port, mark) = ((ushort)0, (ushort)0, 0u);
        byte[] address = [];
        var service = new IpvsService(IpvsServiceKey.OfMark(AddressFamily.InterNetwork, 0), "", IpvsServiceFlags.None, 0, 0);
        var counters = default(IpvsCounters);
        var attributes = Only(message, ServiceAttribute);
        while (attributes.TryRead(out var attribute))
        {
            switch ((OfService)attribute.Type)
            {
                case OfService.Family: family = attribute.UInt16(); break;
                case OfService.Protocol: protocol = attribute.UInt16(); break;
                case OfService.Address: address = attribute.Value.ToArray(); break;
                case OfService.Port: port = attribute.UInt16Network(); break;
                case OfService.Mark: mark = attribute.UInt32(); break;
                case OfService.Scheduler: service = service with { Scheduler = attribute.Text() }; break;
                case OfService.Flags: service = service with { Flags = (IpvsServiceFlags)(uint)attribute.Read<ulong>() & ~IpvsServiceFlags.Hashed }; break;
                case OfService.Timeout: service = service with { Timeout = attribute.UInt32() }; break;
                case OfService.Netmask: service = service with { Netmask = attribute.UInt32() }; break;
                case OfService.Stats64: counters = ReadCounters(attribute); break;
            }
        }

        attributes.RequireWhole();
        // The kernel keeps a timeout for all, and uses it with persistence.
        if (!service.Flags.HasFlag(IpvsServiceFlags.Persistent))
            service = service with { Timeout = 0 };
        var key = mark != 0
            ? IpvsServiceKey.OfMark(FamilyOf(family), mark)
            : new IpvsServiceKey(FamilyOf(family), (TransportProtocol)protocol, Address(FamilyOf(family), address), port, 0);
        return (service with { Key = key }, counters);
    }

    /// <summary>Reads a destination of a dump.</summary>
    /// <param name="message">The message.</param>
    /// <param name="serviceFamily">Its service's family, for kernels that don't tell its own (before 3.18).</param>
    /// <exception cref="NetlinkException">It lacks what every destination has.</exception>
    public static IpvsTable.Held ReadDestination(in NetlinkMessage message, AddressFamily serviceFamily)
    {
        ushort port = 0;
        byte[] address = [];
        var destination = new IpvsDestination(new IpvsDestinationKey(IPAddress.Any, 0), IpvsMethod.Masquerade, 0, 0, 0, IpvsTunnel.Ipip, 0);
        var counters = default(IpvsCounters);
        var attributes = Only(message, DestinationAttribute);
        while (attributes.TryRead(out var attribute))
        {
            switch ((OfDestination)attribute.Type)
            {
                case OfDestination.Address: address = attribute.Value.ToArray(); break;
                case OfDestination.Port: port = attribute.UInt16Network(); break;
                case OfDestination.Method: destination = destination with { Method = (IpvsMethod)(attribute.UInt32() & 7) }; break;
                case OfDestination.Weight: destination = destination with { Weight = attribute.UInt32() }; break;
                case OfDestination.UpperThreshold: destination = destination with { UpperThreshold = attribute.UInt32() }; break;
                case OfDestination.LowerThreshold: destination = destination with { LowerThreshold = attribute.UInt32() }; break;
                case OfDestination.Family: serviceFamily = FamilyOf(attribute.UInt16()); break;
                case OfDestination.TunnelType: destination = destination with { Tunnel = (IpvsTunnel)attribute.Byte() }; break;
                case OfDestination.TunnelPort: destination = destination with { TunnelPort = attribute.UInt16Network() }; break;
                case OfDestination.Stats64: counters = ReadCounters(attribute); break;
            }
        }

        attributes.RequireWhole();
        return new IpvsTable.Held(destination with { Key = new IpvsDestinationKey(Address(serviceFamily, address), port) }, counters);
    }

    private static Command CommandOf(IpvsCommand command) => (command.Kind, command.Destination is null) switch
    {
        (IpvsCommandKind.Add, true) => Command.NewService,
        (IpvsCommandKind.Change, true) => Command.SetService,
        (IpvsCommandKind.Remove, true) => Command.DeleteService,
        (IpvsCommandKind.Add, false) => Command.NewDestination,
        (IpvsCommandKind.Change, false) => Command.SetDestination,
        _ => Command.DeleteDestination,
    };

    private static void WriteService(NetlinkWriter writer, IpvsService service, bool isWhole)
    {
        var nested = writer.BeginNested(ServiceAttribute);
        writer.Add((ushort)OfService.Family, FamilyOf(service.Key.Family));
        if (service.Key.Mark != 0)
        {
            writer.Add((ushort)OfService.Mark, service.Key.Mark);
        }
        else
        {
            writer.Add((ushort)OfService.Protocol, (ushort)service.Key.Protocol);
            AddAddress(writer, (ushort)OfService.Address, service.Key.Address);
            writer.AddNetwork((ushort)OfService.Port, service.Key.Port);
        }

        if (isWhole)
        {
            writer.Add((ushort)OfService.Scheduler, service.Scheduler);
            writer.Add((ushort)OfService.Flags, (ulong)service.Flags | 0xFFFF_FFFF_0000_0000); // struct ip_vs_flags: the flags, then a mask
            writer.Add((ushort)OfService.Timeout, service.Timeout);
            writer.Add((ushort)OfService.Netmask, service.Netmask);
        }

        writer.EndNested(nested);
    }

    private static void WriteDestination(NetlinkWriter writer, IpvsDestination destination, bool isWhole)
    {
        var nested = writer.BeginNested(DestinationAttribute);
        AddAddress(writer, (ushort)OfDestination.Address, destination.Key.Address);
        writer.AddNetwork((ushort)OfDestination.Port, destination.Key.Port);
        writer.Add((ushort)OfDestination.Family, FamilyOf(destination.Key.Address.AddressFamily));
        if (isWhole)
        {
            writer.Add((ushort)OfDestination.Method, (uint)destination.Method);
            writer.Add((ushort)OfDestination.Weight, destination.Weight);
            writer.Add((ushort)OfDestination.UpperThreshold, destination.UpperThreshold);
            writer.Add((ushort)OfDestination.LowerThreshold, destination.LowerThreshold);
            writer.Add((ushort)OfDestination.TunnelType, (byte)destination.Tunnel);
            writer.AddNetwork((ushort)OfDestination.TunnelPort, destination.TunnelPort);
            writer.Add((ushort)OfDestination.TunnelFlags, (ushort)0);
        }

        writer.EndNested(nested);
    }

    private static IpvsCounters ReadCounters(in NetlinkAttribute stats)
    {
        var (connections, packets, bytes, returnPackets, returnBytes) = (0UL, 0UL, 0UL, 0UL, 0UL);
        var attributes = stats.Nested();
        while (attributes.TryRead(out var attribute))
        {
            switch (attribute.Type) // IPVS_STATS_ATTR_*
            {
                case 1: connections = attribute.UInt64(); break;
                case 2: packets = attribute.UInt64(); break;
                case 3: returnPackets = attribute.UInt64(); break;
                case 4: bytes = attribute.UInt64(); break;
                case 5: returnBytes = attribute.UInt64(); break;
            }
        }

        attributes.RequireWhole();
        return new IpvsCounters((long)connections, (long)packets, (long)bytes, (long)returnPackets, (long)returnBytes);
    }

    // The attributes within a message's one attribute.
    private static NetlinkAttributes Only(in NetlinkMessage message, ushort type)
    {
        var attributes = message.Attributes(GenericNetlinkFamily.HeaderLength);
        while (attributes.TryRead(out var attribute))
        {
            if (attribute.Type == type)
                return attribute.Nested();
        }

        throw new NetlinkException($"IPVS: a message without attribute {type}", Errno.EPROTO);
    }

    private static void AddAddress(NetlinkWriter writer, ushort type, IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[AddressLength];
        bytes.Clear();
        address.TryWriteBytes(bytes, out _);
        writer.Add(type, bytes);
    }

    private static IPAddress Address(AddressFamily family, ReadOnlySpan<byte> bytes)
    {
        var length = family == AddressFamily.InterNetworkV6 ? AddressLength : sizeof(uint);
        return bytes.Length >= length ? new IPAddress(bytes[..length]) : throw new NetlinkException($"IPVS: an address of {bytes.Length} bytes", Errno.EPROTO);
    }

    private static ushort FamilyOf(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? FamilyInet6 : FamilyInet;

    private static AddressFamily FamilyOf(ushort family) => family switch
    {
        FamilyInet => AddressFamily.InterNetwork,
        FamilyInet6 => AddressFamily.InterNetworkV6,
        _ => throw new NetlinkException($"IPVS: address family {family}", Errno.EPROTO),
    };
}
