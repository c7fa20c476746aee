// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Penstock.Config.Binding;
using Penstock.Config.Reading;
using Penstock.Model;
using Penstock.Model.Bgp;
using Penstock.Model.L4;

namespace Penstock.Config.Checks;

/// <summary>BGP: numbers and addresses that can be announced, routers that can be reached and take them, and what they depend on is there.</summary>
internal static class BgpChecks
{
    private const int SocketPathBytes = 107; // unix(7)

    // For one link (RFC 3927), for no packet (RFC 9780): in these is what stands for the daemon on lo.
    private static readonly IPNetwork[] s_notToAnnounce = [IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("100:0:0:1::/64")];

    /// <summary>Checks it.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="root">Its place.</param>
    /// <param name="host">The host it is for; null: not known, so that nothing is said of its addresses and files.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(ApplianceConfig config, Cursor root, IHostInterfaces? host, DiagnosticSink sink)
    {
        if (config.Bgp is not { } bgp)
            return;
        var at = root["bgp"];
        CheckAsn(bgp.Asn, at["asn"], sink);
        if (bgp.RouterId is { } id && (id.AddressFamily != AddressFamily.InterNetwork || !IsOneHost(id)))
            sink.Error(at["router_id"].Node, at["router_id"].Path, $"router_id {id}", "an IPv4 address, one of this host's as a rule");
        CheckCommunities(bgp.Communities, at["communities"], sink);
        CheckAddresses(config, bgp, at, sink);
        CheckNeighbors(bgp, at["neighbors"], sink);
        CheckTrack(config, bgp.Track, at["track"], sink);
        CheckListeners(config, bgp, root["l7"]["listeners"], sink);
        CheckBird(config.Bird, root["bird"], sink);
        if (host is null)
            return;
        CheckHost(bgp, host, at["neighbors"], sink);
        CheckOwn(bgp, host, at["addresses"], sink);
        TemplateChecks.Run(config.Bird.Template, root["bird"], sink);
    }

    private static void CheckAsn(uint asn, Cursor at, DiagnosticSink sink)
    {
        if (asn is 23456 or 65535)
            sink.Error(at.Node, at.Path, $"asn {asn}", "another: it is reserved, as 0 and 4294967295 are");
    }

    private static void CheckCommunities(ImmutableArray<string> communities, Cursor at, DiagnosticSink sink)
    {
        for (var i = 0; i < communities.Length; i++)
        {
            if (communities[i] is not { } text)
                continue;
            var here = at[i];
            if (!BgpCommunity.TryParse(text, out var community))
                sink.Error(here.Node, here.Path, $"community '{text}'", "two numbers up to 65535, such as \"65010:100\", or three up to 4294967295, such as \"65010:1:2\"");
            else if (communities.IndexOf(text) < i)
                sink.Error(here.Node, here.Path, $"community {text} a second time", "each once");
            else if (community.Restriction is { } name)
                sink.Warning(here.Node, here.Path, $"community {text}, {name}", "another: routers that obey it do not use the address, or do not tell others of it");
        }
    }

    private static void CheckAddresses(ApplianceConfig config, BgpConfig bgp, Cursor bgpAt, DiagnosticSink sink)
    {
        if (bgp.Addresses.IsDefault)
            return;
        var at = bgpAt["addresses"];
        if (bgp.Addresses.IsEmpty && bgpAt.Has("addresses"))
            sink.Error(at.Node, at.Path, "no address", "at least one virtual address");
        var elsewhere = config.VrrpAddresses().ToHashSet();
        var seen = new Dictionary<IPAddress, Cursor>();
        for (var i = 0; i < bgp.Addresses.Length; i++)
        {
            if (bgp.Addresses[i] is not { } one)
                continue;
            var here = at[i];
            CheckCommunities(one.Communities, here["communities"], sink);
            CheckTrack(config, one.Track, here["track"], sink);
            if (one.Address is not { } address)
                continue;
            if (!IsOneHost(address) || address.IsIPv6LinkLocal || s_notToAnnounce.Any(network => network.Contains(address)))
                sink.Error(here.Node, here.Path, $"address {address}", "an address that routers can have a route to");
            else if (!seen.TryAdd(address, here))
                sink.Error(here.Node, here.Path, $"address {address} a second time", $"each address once; first at {seen[address].Where}");
            else if (elsewhere.Contains(address))
                sink.Error(here.Node, here.Path, $"address {address}, which is a VRRP instance's too", "each address in one of both");
            else if (!bgp.Neighbors.IsDefault && bgp.Neighbors.Any(neighbor => address.Equals(neighbor?.Source)))
                sink.Error(here.Node, here.Path, $"address {address}, which is this host's own: a session is from it", "an address that no host has by itself");
            else if (bgp.Neighbors is { IsDefaultOrEmpty: false } neighbors && !neighbors.Any(neighbor => neighbor?.Address is null || neighbor.Address.AddressFamily == address.AddressFamily))
                sink.Error(here.Node, here.Path, $"address {address}, which no neighbor is told of", "a neighbor with an address of its family");
        }
    }

    private static void CheckNeighbors(BgpConfig bgp, Cursor at, DiagnosticSink sink)
    {
        if (bgp.Neighbors.IsDefault)
            return;
        if (bgp.Neighbors.IsEmpty)
            sink.Error(at.Node, at.Path, "no neighbor", "at least one router");
        var names = new Dictionary<string, Cursor>(StringComparer.Ordinal);
        var addresses = new Dictionary<IPAddress, Cursor>();
        for (var i = 0; i < bgp.Neighbors.Length; i++)
        {
            if (bgp.Neighbors[i] is not { } neighbor)
                continue;
            var here = at[i];
            if (neighbor.Name is { Length: > BgpNeighborConfig.LongestName })
                sink.Error(here["name"].Node, here["name"].Path, $"a name of {neighbor.Name.Length} characters", $"{BgpNeighborConfig.LongestName} at most");
            else if (neighbor.Name is { } name && !names.TryAdd(name, here["name"]))
                sink.Error(here["name"].Node, here["name"].Path, $"neighbor '{name}' a second time", $"a name of its own; first at {names[name].Where}");
            CheckAsn(neighbor.Asn, here["asn"], sink);
            if (neighbor.Address is { } address)
                CheckNeighborAddress(bgp, address, addresses, here["address"], sink);
            CheckSession(neighbor, here, sink);
        }
    }

    private static void CheckNeighborAddress(BgpConfig bgp, IPAddress address, Dictionary<IPAddress, Cursor> seen, Cursor at, DiagnosticSink sink)
    {
        if (!IsOneHost(address) || address.IsIPv6LinkLocal)
            sink.Error(at.Node, at.Path, $"address {address}", "a router's address that is not of its link alone");
        else if (!seen.TryAdd(address, at))
            sink.Error(at.Node, at.Path, $"address {address} a second time", $"each router once; first at {seen[address].Where}");
        else if (address.Equals(bgp.RouterId) || bgp.Neighbors.Any(neighbor => address.Equals(neighbor?.Source)) || (!bgp.Addresses.IsDefault && bgp.Addresses.Any(one => address.Equals(one?.Address))))
            sink.Error(at.Node, at.Path, $"address {address}, which is this host's own", "the router's");
        else if (bgp.Addresses is { IsDefaultOrEmpty: false } addresses && !addresses.Any(one => one?.Address is null || one.Address.AddressFamily == address.AddressFamily))
            sink.Error(at.Node, at.Path, $"address {address}, and no announced address is of its family", "an address of its family to announce, or a router of the other family");
    }

    private static void CheckSession(BgpNeighborConfig neighbor, Cursor at, DiagnosticSink sink)
    {
        if (neighbor.HoldTime.Ticks % TimeSpan.TicksPerSecond != 0)
            sink.Error(at["hold_time"].Node, at["hold_time"].Path, $"{neighbor.HoldTime.TotalMilliseconds} ms", "whole seconds");
        if (neighbor.Bfd is { } bfd && bfd.Interval.Ticks % TimeSpan.TicksPerMillisecond != 0)
            sink.Error(at["bfd"]["interval"].Node, at["bfd"]["interval"].Path, $"{bfd.Interval.TotalMicroseconds} us", "whole milliseconds");
        if (neighbor is { Multihop: not null, Source: null } && !at.Has("source"))
            sink.Error(at["multihop"].Node, at["multihop"].Path, "multihop without source", "source: the address of this host that the session is from");
        if (neighbor.Source is not { } source)
            return;
        if (neighbor.Address is { } address && source.AddressFamily != address.AddressFamily)
            sink.Error(at["source"].Node, at["source"].Path, $"source {source} for a router of the other family", $"an address of the family of {address}");
        else if (!IsOneHost(source) || source.IsIPv6LinkLocal)
            sink.Error(at["source"].Node, at["source"].Path, $"source {source}", "an address of this host that is not of its link alone");
    }

    private static void CheckTrack(ApplianceConfig config, BgpTrackConfig track, Cursor at, DiagnosticSink sink) =>
        TrackChecks.Run(config, track.Services.Select(one => one?.Name), track.Clusters.Select(one => one?.Name), at, sink);

    private static void CheckBird(BirdConfig bird, Cursor at, DiagnosticSink sink)
    {
        if (bird.Run is { } run && Encoding.UTF8.GetByteCount(run) > SocketPathBytes - BirdConfig.ControlSocketName.Length - 1)
            sink.Error(at["run"].Node, at["run"].Path, $"a path of {Encoding.UTF8.GetByteCount(run)} bytes", $"at most {SocketPathBytes - BirdConfig.ControlSocketName.Length - 1}: a socket is in it");
        foreach (var (key, time) in (ReadOnlySpan<(string, TimeSpan)>)[("dead_after", bird.DeadAfter), ("restart_grace", bird.RestartGrace)])
        {
            if (time.Ticks % TimeSpan.TicksPerSecond != 0)
                sink.Error(at[key].Node, at[key].Path, $"{time.TotalMilliseconds} ms", "whole seconds");
        }
    }

    private static void CheckHost(BgpConfig bgp, IHostInterfaces host, Cursor at, DiagnosticSink sink)
    {
        for (var i = 0; !bgp.Neighbors.IsDefault && i < bgp.Neighbors.Length; i++)
        {
            if (bgp.Neighbors[i] is not { } neighbor)
                continue;
            var here = at[i];
            if (neighbor.Source is { } source && !host.HasAddress(source))
                sink.Error(here["source"].Node, here["source"].Path, $"source {source}, which this host has not", "one of its addresses");
            if (neighbor is { Multihop: null, Address: { } address } && !IsOnLink(host, address))
                sink.Error(here["address"].Node, here["address"].Path, $"address {address} outside the networks of this host", "a router on one of its links, or multihop: the routers on the way");
            if (neighbor.PasswordFile is { } path && PasswordFault(path) is { } fault)
                sink.Error(here["password_file"].Node, here["password_file"].Path, $"{path}: {fault.Found}", fault.Expected);
        }
    }

    // What a router sends to another host than before, a listener there does not know.
    private static void CheckListeners(ApplianceConfig config, BgpConfig bgp, Cursor at, DiagnosticSink sink)
    {
        for (var i = 0; !bgp.Addresses.IsDefault && i < config.L7.Listeners.Length; i++)
        {
            if (config.L7.Listeners[i] is not { Bind: { Address: { } bind, Port: var port } })
                continue;
            var alone = bgp.Addresses.Select(one => one?.Address).OfType<IPAddress>().FirstOrDefault(address => BindChecks.Covers(bind, address) && !config.L4.Services.Any(service => Spreads(service, address, port)));
            if (alone is not null)
                sink.Warning(at[i]["bind"].Node, at[i]["bind"].Path, $"address {alone}, which all hosts announce, without a service that spreads its connections", $"l4.services with listen: \"tcp://{SocketEndpoint.Ip(alone, port)}\" and forwarding: l7: else those that routers move to another host end (docs/bgp.md)");
        }
    }

    private static bool Spreads(ServiceConfig? service, IPAddress address, int port) =>
        service is { Forwarding: Forwarding.L7, Listen: { } listen } && listen.Address.Equals(address) && listen.FirstPort <= port && port <= listen.LastPort;

    // What the daemon announces it puts on lo.
    private static void CheckOwn(BgpConfig bgp, IHostInterfaces host, Cursor at, DiagnosticSink sink)
    {
        for (var i = 0; !bgp.Addresses.IsDefault && i < bgp.Addresses.Length; i++)
        {
            if (bgp.Addresses[i] is { Address: { } address } && host.Names().FirstOrDefault(name => host.Addresses(name).Any(own => own.Address.Equals(address) && own.Length < address.GetAddressBytes().Length * 8)) is { } device)
                sink.Error(at[i].Node, at[i].Path, $"address {address}, which {device} has in a network of its own", "an address that no host has by itself: all hosts announce it");
        }
    }

    private static bool IsOnLink(IHostInterfaces host, IPAddress address) =>
        host.Names().SelectMany(host.Addresses).Any(own => own.Address.AddressFamily == address.AddressFamily && AddressText.Network(own.Address, own.Length).Contains(address));

    private static (string Found, string Expected)? PasswordFault(string path)
    {
        if (RegularFile.TryRead(path, BgpPassword.FileBytes, out var content, out _) is { } fault)
            return (fault, "a file with the session's password");
        if ((File.GetUnixFileMode(path) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != UnixFileMode.None)
            return ("a password that everybody may read or change", "a mode such as 0640");
        return BgpPassword.Find(Encoding.Latin1.GetString(content.Span)) is null ? ("no password", BgpPassword.Expected) : null;
    }

    // Nor of this network (RFC 1122, 3.2.1.3).
    private static bool IsOneHost(IPAddress address) =>
        HostAddressShape.IsHost(address) && !IPAddress.IsLoopback(address) && (address.AddressFamily != AddressFamily.InterNetwork || address.GetAddressBytes()[0] > 0);
}
