// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Penstock.Model.Bgp;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Bgp;

/// <summary>Turns what is to be announced into BIRD's configuration.</summary>
internal sealed class BirdTemplate
{
    /// <summary>In front of a neighbor's name, so that none is a word of BIRD's.</summary>
    public const string NeighborPrefix = "to_";

    private const string V4 = "ipv4", V6 = "ipv6";

    private readonly ConfigTemplate _template;

    private BirdTemplate(ConfigTemplate template) => _template = template;

    /// <summary>The template in a file; the built-in one where there is no such file.</summary>
    /// <exception cref="AddressApplyException">It can't be read, or is none.</exception>
    public static BirdTemplate Load(string path) => new(ConfigTemplate.Load(path, "bird.conf"));

    /// <summary>The text.</summary>
    /// <param name="node">Name of this host.</param>
    /// <param name="bgp">The configuration.</param>
    /// <param name="passwords">Passwords by neighbor.</param>
    /// <param name="announced">Addresses to announce.</param>
    /// <param name="isLeaving">Whether they are about to be withdrawn.</param>
    /// <exception cref="AddressApplyException">The template asks for what there is not, or leaves the lease or a session out.</exception>
    public string Render(string node, BgpConfig bgp, IReadOnlyDictionary<string, string> passwords, IReadOnlySet<IPAddress> announced, bool isLeaving)
    {
        var text = _template.Render(Values(node, bgp, passwords, announced, isLeaving));
        foreach (var family in announced.Select(address => address.AddressFamily).Distinct())
        {
            _template.Require(text, LeaseAddress.Of(family).Network, "lease, without which the addresses of a dead daemon stay announced");
            _template.Require(text, LeaseAddress.Of(family).Other.ToString(), "lease_hop, without which the addresses of a dead daemon stay announced");
        }

        foreach (var neighbor in bgp.Neighbors)
            _template.Require(text, NeighborPrefix + neighbor.Name, $"session {NeighborPrefix}{neighbor.Name}, by whose name it is known");
        return text;
    }

    private static Dictionary<string, object?> Values(string node, BgpConfig bgp, IReadOnlyDictionary<string, string> passwords, IReadOnlySet<IPAddress> announced, bool isLeaving) => new(StringComparer.Ordinal)
    {
        ["node"] = node,
        ["asn"] = Text(bgp.Asn),
        ["router_id"] = bgp.RouterId.ToString(),
        ["is_draining"] = isLeaving,
        ["has_bfd"] = bgp.Neighbors.Any(neighbor => neighbor.Bfd is not null),
        ["families"] = bgp.Neighbors.Select(neighbor => neighbor.Address.AddressFamily).Distinct().Order().Select(family => new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["family"] = Word(family),
            ["lease"] = LeaseAddress.Of(family).Network,
            ["is_draining"] = isLeaving,
            ["addresses"] = bgp.Addresses.Where(one => one.Address.AddressFamily == family && announced.Contains(one.Address)).Select(one => Values(bgp, one)).ToArray(),
        }).ToArray(),
        ["neighbors"] = bgp.Neighbors.Select(neighbor => Values(bgp, neighbor, passwords.GetValueOrDefault(neighbor.Name), isLeaving)).ToArray(),
    };

    private static Dictionary<string, object?> Values(BgpConfig bgp, BgpAddressConfig address)
    {
        var communities = bgp.Communities.Concat(address.Communities).Distinct(StringComparer.Ordinal)
            .Select(text => BgpCommunity.TryParse(text, out var community) ? community : throw new ArgumentException($"'{text}' is no community", nameof(address))).ToArray();
        var med = address.Med ?? bgp.Med;
        return new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["prefix"] = address.Address + (address.Address.AddressFamily == AddressFamily.InterNetworkV6 ? "/128" : "/32"),
            ["lease_hop"] = LeaseAddress.Of(address.Address.AddressFamily).Other.ToString(),
            ["has_med"] = med is not null,
            ["med"] = med is { } value ? Text(value) : null,
            ["communities"] = communities.Where(one => one.Third is null).Select(one => string.Create(CultureInfo.InvariantCulture, $"({one.First}, {one.Second})")).ToArray(),
            ["large_communities"] = communities.Where(one => one.Third is not null).Select(one => string.Create(CultureInfo.InvariantCulture, $"({one.First}, {one.Second}, {one.Third})")).ToArray(),
        };
    }

    private static Dictionary<string, object?> Values(BgpConfig bgp, BgpNeighborConfig neighbor, string? password, bool isLeaving) => new(StringComparer.Ordinal)
    {
        ["name"] = neighbor.Name,
        ["family"] = Word(neighbor.Address.AddressFamily),
        ["local_asn"] = Text(bgp.Asn),
        ["address"] = neighbor.Address.ToString(),
        ["asn"] = Text(neighbor.Asn),
        ["source"] = neighbor.Source?.ToString(),
        ["multihop"] = neighbor.Multihop is { } hops ? Text(hops) : null,
        ["password"] = password,
        ["hold_time"] = Text((int)neighbor.HoldTime.TotalSeconds),
        ["bfd"] = neighbor.Bfd is not null,
        ["bfd_interval"] = neighbor.Bfd is { } bfd ? Text((int)bfd.Interval.TotalMilliseconds) : null,
        ["bfd_multiplier"] = neighbor.Bfd is { } sign ? Text(sign.Multiplier) : null,
        ["lowest_preference"] = isLeaving && neighbor.Asn == bgp.Asn,
    };

    private static string Word(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? V6 : V4;

    private static string Text(IFormattable number) => number.ToString(format: null, CultureInfo.InvariantCulture);
}
