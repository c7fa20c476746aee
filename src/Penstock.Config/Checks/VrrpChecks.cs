// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Penstock.Config.Binding;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.Vrrp;

namespace Penstock.Config.Checks;

/// <summary>VRRP instances: names, ids and addresses of their own, hosts of one family, and what they depend on is there.</summary>
internal static class VrrpChecks
{
    private static readonly SearchValues<char> s_keepalivedMarks = SearchValues.Create(" \"'{}!#$\\");

    private const string Unmarked = "one without white space and any of \"'{}!#$\\";
    private const int BestOfInterface = 2; // arp_announce, Linux ip-sysctl.rst: not the packet's source, but the interface's best address for the target
    private const int AdvertUnits = 100_000; // RFC 9568, 5.2.7: hundredths of a second, in ticks

    /// <summary>Checks every instance.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="root">Its place.</param>
    /// <param name="host">The host it is for; null: not known, so that nothing is said of interfaces.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(ApplianceConfig config, Cursor root, IHostInterfaces? host, DiagnosticSink sink)
    {
        var at = root["vrrp"];
        var names = new Dictionary<string, Cursor>(StringComparer.Ordinal);
        var routers = new Dictionary<(string, int, AddressFamily), Cursor>();
        var addresses = new Dictionary<IPAddress, Cursor>();
        var vmacs = new Dictionary<(int, AddressFamily), Cursor>();
        var groups = config.Vrrp.Where(instance => instance?.SyncGroup is not null).Select(instance => instance.SyncGroup!).ToHashSet(StringComparer.Ordinal); // not null: filtered
        if (config.Vrrp.IsEmpty && config.L4.Ipvs.Sync is { Role: IpvsSyncRole.Vrrp })
            sink.Error(root["l4"]["ipvs"]["sync"]["role"].Node, root["l4"]["ipvs"]["sync"]["role"].Path, "role: vrrp without vrrp", "VRRP instances, or another role");
        if (config.Vrrp.Length > 0)
            CheckPaths(config.Keepalived, root["keepalived"], sink);
        if (config.Vrrp.Length > 0 && host is not null)
            TemplateChecks.Run(config.Keepalived.Template, root["keepalived"], sink);
        for (var i = 0; i < config.Vrrp.Length; i++)
        {
            if (config.Vrrp[i] is not { } instance)
                continue;
            var here = at[i];
            if (instance.Name is { } name)
                CheckName(instance, name, names, groups, here["name"], sink);
            if (instance.Interface is not null && instance.RouterId > 0 && !routers.TryAdd((instance.Interface, instance.RouterId, instance.Family), here["router_id"]))
            {
                var first = routers[(instance.Interface, instance.RouterId, instance.Family)];
                sink.Error(here["router_id"].Node, here["router_id"].Path, $"router_id {instance.RouterId} a second time on {instance.Interface}", $"one of its own; first at {first.Where}");
            }

            if (instance.UseVmac && !vmacs.TryAdd((instance.RouterId, instance.Family), here["use_vmac"]))
                sink.Error(here["use_vmac"].Node, here["use_vmac"].Path, $"use_vmac of router_id {instance.RouterId} a second time", $"a router_id of its own, of which an interface is named (vrrp.{instance.RouterId}); first at {vmacs[(instance.RouterId, instance.Family)].Where}");
            CheckWord(instance.Interface, here["interface"], sink);
            CheckTimes(instance, here, sink);
            CheckHosts(instance, here, sink);
            CheckAddresses(instance, addresses, here, sink);
            CheckTrack(config, instance, here["track"], sink);
            if (host is not null)
                CheckHost(config, instance, host, here, sink);
        }

        CheckGroups(config, at, sink);
    }

    // Its instances come to one role together: by different ones of these, one would pull where another does not.
    private static void CheckGroups(ApplianceConfig config, Cursor at, DiagnosticSink sink)
    {
        var firsts = new Dictionary<string, VrrpInstanceConfig>(StringComparer.Ordinal);
        for (var i = 0; i < config.Vrrp.Length; i++)
        {
            if (config.Vrrp[i] is not { Name: not null, SyncGroup: { } group } instance || firsts.TryAdd(group, instance))
                continue;
            var first = firsts[group];
            Compare("priority", instance.Priority, first.Priority);
            Compare("preempt", instance.Preempt ? "true" : "false", first.Preempt ? "true" : "false");
            Compare("advert_interval", Quantity.Format(instance.AdvertInterval.Ticks, Quantity.Durations, ""), Quantity.Format(first.AdvertInterval.Ticks, Quantity.Durations, ""));

            void Compare<T>(string key, T own, T other)
                where T : notnull
            {
                if (!own.Equals(other))
                    sink.Warning(at[i][key].Node, at[i][key].Path, $"{key} {own} of instance '{instance.Name}', where '{first.Name}' of the same sync group has {other}", "one for all instances of a sync group: they move together");
            }
        }
    }

    // keepalived takes its configuration apart at white space, quotes, braces and comments.
    private static void CheckPaths(KeepalivedConfig keepalived, Cursor at, DiagnosticSink sink)
    {
        foreach (var (key, path) in (ReadOnlySpan<(string, string)>)[("run", keepalived.Run), ("state", keepalived.State)])
        {
            if (path is not null && path.AsSpan().ContainsAny(s_keepalivedMarks))
                sink.Error(at[key].Node, at[key].Path, $"path '{path}', which keepalived would take apart", Unmarked);
        }
    }

    private static void CheckName(VrrpInstanceConfig instance, string name, Dictionary<string, Cursor> names, HashSet<string> groups, Cursor at, DiagnosticSink sink)
    {
        if (!names.TryAdd(name, at))
            sink.Error(at.Node, at.Path, $"instance name '{name}' a second time", $"a name of its own; first at {names[name].Where}");
        else if (instance.SyncGroup is null && groups.Contains(name))
            sink.Error(at.Node, at.Path, $"instance '{name}' with the name of a sync group that it is not in", "another name");
    }

    private static void CheckTimes(VrrpInstanceConfig instance, Cursor at, DiagnosticSink sink)
    {
        if (instance.AdvertInterval.Ticks % AdvertUnits != 0)
            sink.Error(at["advert_interval"].Node, at["advert_interval"].Path, $"an advert_interval of {instance.AdvertInterval.TotalMilliseconds} ms", "whole hundredths of a second, such as 10ms, 250ms or 1s");
        CheckWhole(instance.Announce.Delay, at["announce"]["delay"], sink);
        CheckWhole(instance.Announce.Refresh, at["announce"]["refresh"], sink);
        if (!instance.Preempt && instance.PreemptDelay > TimeSpan.Zero)
            sink.Error(at.AtKey("preempt_delay").Node, at["preempt_delay"].Path, "preempt_delay with preempt: false", "one of them");
    }

    private static void CheckWhole(TimeSpan time, Cursor at, DiagnosticSink sink)
    {
        if (time.Ticks % TimeSpan.TicksPerSecond != 0)
            sink.Error(at.Node, at.Path, $"{time.TotalMilliseconds} ms", "whole seconds");
    }

    private static void CheckHosts(VrrpInstanceConfig instance, Cursor at, DiagnosticSink sink)
    {
        for (var i = 0; i < instance.Peers.Length; i++)
        {
            if (instance.Peers[i] is not { } peer)
                continue;
            var here = at["peers"][i];
            if (IPAddress.IsLoopback(peer))
                sink.Error(here.Node, here.Path, $"peer {peer}, which is this host", "the address of another host");
            else if (peer.AddressFamily != instance.Family)
                sink.Error(here.Node, here.Path, $"peer {peer} beside {instance.Peers[0]}", "peers of one family");
            else if (peer.Equals(instance.Source))
                sink.Error(here.Node, here.Path, $"peer {peer}, which is this host's source", "the other hosts alone");
            else if (instance.Peers.IndexOf(peer) < i)
                sink.Error(here.Node, here.Path, $"peer {peer} a second time", "each host once");
        }

        if (instance.Source is { } source && source.AddressFamily != instance.Family)
            sink.Error(at["source"].Node, at["source"].Path, $"source {source} for peers of the other family", $"an address of the family of {instance.Peers[0]}");
    }

    private static void CheckAddresses(VrrpInstanceConfig instance, Dictionary<IPAddress, Cursor> seen, Cursor at, DiagnosticSink sink)
    {
        if (!instance.Addresses.IsDefault && instance.Addresses.IsEmpty && at.Has("addresses"))
            sink.Error(at["addresses"].Node, at["addresses"].Path, "no address", "at least one virtual address");
        for (var i = 0; !instance.Addresses.IsDefault && i < instance.Addresses.Length; i++)
        {
            if (instance.Addresses[i] is not { Address: { } address })
                continue;
            var here = at["addresses"][i];
            CheckWord(instance.Addresses[i].Interface, here["interface"], sink);
            CheckShape(address, here, sink);
            if (instance.UseVmac && (address.Address.AddressFamily != instance.Family || (instance.Addresses[i].Interface is { } device && !string.Equals(device, instance.Interface, StringComparison.Ordinal))))
                sink.Warning(here.Node, here.Path, $"address {address.Address}, which keeps the MAC address of its interface", "without use_vmac, or in an instance of its own: keepalived gives the virtual one to addresses of its adverts' family on the instance's interface");
            if (!seen.TryAdd(address.Address, here))
                sink.Error(here.Node, here.Path, $"address {address.Address} a second time", $"each address in one instance; first at {seen[address.Address].Where}");
            if (instance.Peers.Contains(address.Address) || address.Address.Equals(instance.Source))
                sink.Error(here.Node, here.Path, $"address {address.Address}, which is a host's own", "an address that no host has by itself");
        }
    }

    // Hosts of a network do not talk to its first and last address as to one host.
    private static void CheckShape(InterfaceAddress address, Cursor at, DiagnosticSink sink)
    {
        var (network, bytes) = (AddressText.Network(address.Address, address.Length), address.Address.GetAddressBytes());
        var hostBits = (bytes.Length * 8) - address.Length;
        if (IPAddress.IsLoopback(address.Address) || (bytes.Length == 4 && bytes[0] == 0)) // RFC 1122, 3.2.1.3
            sink.Error(at.Node, at.Path, $"address {address.Address}, which no other host can reach", "an address of a network");
        else if (AdvertToken.Is(address.Address))
            sink.Error(at.Node, at.Path, $"address {address.Address}, which stands for a virtual router in adverts", "another");
        else if (hostBits > 1 && network.BaseAddress.Equals(address.Address))
            sink.Error(at.Node, at.Path, $"address {address}, which is that of the network", "the address of one host of it");
        else if (hostBits > 1 && bytes.Length == 4 && IsLast(bytes, hostBits))
            sink.Error(at.Node, at.Path, $"address {address}, which is the network's broadcast address", "the address of one host of it");
    }

    private static bool IsLast(ReadOnlySpan<byte> address, int hostBits)
    {
        var mask = (uint)((1UL << hostBits) - 1);
        return (BinaryPrimitives.ReadUInt32BigEndian(address) & mask) == mask;
    }

    private static void CheckTrack(ApplianceConfig config, VrrpInstanceConfig instance, Cursor at, DiagnosticSink sink)
    {
        for (var i = 0; i < instance.Track.Interfaces.Length; i++)
        {
            CheckWord(instance.Track.Interfaces[i]?.Name, at["interfaces"][i], sink);
            if (instance.Track.Interfaces[i] is { Name: { } name } && string.Equals(name, instance.Interface, StringComparison.Ordinal))
                sink.Error(at["interfaces"][i].Node, at["interfaces"][i].Path, $"interface {name}, on which the instance depends anyway", "another");
        }

        TrackChecks.Run(config, instance.Track.Services.Select(one => one?.Name), instance.Track.Clusters.Select(one => one?.Name), at, sink);
    }

    private static void CheckHost(ApplianceConfig config, VrrpInstanceConfig instance, IHostInterfaces host, Cursor at, DiagnosticSink sink)
    {
        var names = host.Names();
        InterfaceChecks.Check(instance.Interface, names, at["interface"], sink);
        if (instance is { UseVmac: true, Interface: { } own, Family: AddressFamily.InterNetwork } && host.ArpAnnounce(own) is { } announce and < BestOfInterface)
        {
            sink.Warning(
                at["use_vmac"].Node, at["use_vmac"].Path, $"use_vmac where net.ipv4.conf.{own}.arp_announce is {announce}: neighbours that this host asks for learn the virtual address with the MAC address of {own}",
                $"sysctl -w net.ipv4.conf.all.arp_announce={BestOfInterface}");
        }

        if (instance.Source is { } source && !host.HasAddress(source))
            sink.Error(at["source"].Node, at["source"].Path, $"source {source}, which this host has not", "one of its addresses");
        for (var i = 0; i < instance.Peers.Length; i++)
        {
            if (instance.Peers[i] is { } peer && host.HasAddress(peer) && !IPAddress.IsLoopback(peer))
                sink.Error(at["peers"][i].Node, at["peers"][i].Path, $"peer {peer}, which is this host", "the other hosts alone");
        }

        for (var i = 0; i < instance.Track.Interfaces.Length; i++)
            InterfaceChecks.Check(instance.Track.Interfaces[i]?.Name, names, at["track"]["interfaces"][i], sink);
        for (var i = 0; !instance.Addresses.IsDefault && i < instance.Addresses.Length; i++)
        {
            if (instance.Addresses[i] is not { Address: not null } address)
                continue;
            var here = at["addresses"][i];
            var device = address.Interface ?? instance.Interface;
            InterfaceChecks.Check(address.Interface, names, here["interface"], sink);
            if (device is not null && !address.Routed && names.Contains(device, StringComparer.Ordinal))
                CheckPlace(config, address.Address, device, host, here, sink);
        }
    }

    private static void CheckWord(string? name, Cursor at, DiagnosticSink sink)
    {
        if (name is not null && name.AsSpan().ContainsAny(s_keepalivedMarks))
            sink.Error(at.Node, at.Path, $"interface '{name}', which keepalived would take apart", Unmarked);
    }

    // Neighbours ask for an address on the link only if it lies in a network of the link. Virtual addresses, which may be there now, are no proof of one.
    private static void CheckPlace(ApplianceConfig config, InterfaceAddress address, string device, IHostInterfaces host, Cursor at, DiagnosticSink sink)
    {
        var virtuals = config.VrrpAddresses().ToHashSet();
        var all = host.Addresses(device);
        var networks = all.Where(own => own.Address.AddressFamily == address.Address.AddressFamily && !virtuals.Contains(own.Address)).ToArray();
        if (Array.Exists(networks, own => AddressText.Network(own.Address, own.Length).Contains(address.Address)))
            return;
        if (all.Any(own => own.Address.Equals(address.Address)))
        {
            sink.Error(at.Node, at.Path, $"address {address.Address}, the only one that {device} has of its network", $"an address that no host has by itself, and beside it on {device} one that stays there");
            return;
        }

        var found = networks.Length == 0 ? $"{device} has no address of its family" : $"{device} has {string.Join(", ", networks.Select(own => AddressText.Network(own.Address, own.Length).ToString()))}";
        sink.Error(at.Node, at.Path, $"address {address.Address} outside the networks of {device}", $"an address within one ({found}), or routed: true beside it where routers send its packets here");
    }
}
