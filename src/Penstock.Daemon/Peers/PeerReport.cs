// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Acme;

namespace Penstock.Daemon.Peers;

/// <summary>What a host tells its peers of itself. It holds no secret, and of the configuration no value but those that adverts and routers are told anyway.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Version">Version of its daemon.</param>
/// <param name="State"><c>running</c> or <c>draining</c>.</param>
/// <param name="Generation">Generation of its snapshot.</param>
/// <param name="SnapshotAt">Since when that runs.</param>
/// <param name="Unready">Number of L4 services and clusters of which nothing is ready.</param>
/// <param name="ConfigDigest">Root of its <see cref="Peers.ConfigDigest"/>, by the key of who asks.</param>
/// <param name="Vrrp">Its VRRP instances.</param>
internal sealed record PeerReport(
    string Node, string Version, string State, long Generation, DateTimeOffset SnapshotAt, int Unready, string ConfigDigest, IReadOnlyList<PeerInstance> Vrrp)
{
    /// <summary>What <see cref="State"/> says of a host that is to get no new flows.</summary>
    public const string Draining = "draining";

    /// <summary>What it says of any other.</summary>
    public const string Running = "running";

    /// <summary>Most bytes of a report: 255 instances with 20 addresses each, and 1,024 announced addresses, take less.</summary>
    public const int MostBytes = 256 << 10;

    /// <summary>Most announced addresses, which take 80 KiB at most; most instances, and addresses of each, where <see cref="Told"/> does not have fewer.</summary>
    public const int MostItems = 1024;

    private const int LongestText = 256;

    // Of instances, beside announced addresses and some for the rest; bytes of one without its name and addresses, and of an address without its text.
    private const int InstancesBytes = 160 << 10, InstanceBytes = 160, AddressBytes = 3;

    /// <summary>Nodes that it sends no new flows of the proxy tier to, because they drain; null: it is of a version that does not say.</summary>
    public IReadOnlyList<string>? Drained { get; init; }

    /// <summary>Its BGP identifier; null: it speaks no BGP, or is of a version that does not say.</summary>
    public string? BgpRouterId { get; init; }

    /// <summary>What it announces, <see cref="PeerBgp.None"/> where it speaks no BGP; null: it does not say, or not yet.</summary>
    public PeerBgp? Bgp { get; init; }

    /// <summary>What CAs ask for at names while an order of it waits: they may come here; null: it is of a version that does not say.</summary>
    public IReadOnlyList<AcmeChallenge>? Challenges { get; init; }

    /// <summary>Whether it has more VRRP instances, or addresses of them, than <see cref="Vrrp"/>: of one that is not there nothing is known.</summary>
    public bool HasMore { get; init; }

    /// <summary>Whether it is to get no new flows.</summary>
    public bool IsDraining => string.Equals(State, Draining, StringComparison.Ordinal);

    /// <summary>As many of a host's instances, and then of their addresses, as a report has room for; the first ones. A report that is too long is refused, and the host counts as down.</summary>
    public static IReadOnlyList<PeerInstance> Told(IReadOnlyList<PeerInstance> instances)
    {
        var left = InstancesBytes;
        PeerInstance[] told = [.. instances.Take(MostItems).TakeWhile(instance => (left -= InstanceBytes + instance.Name.Length) >= 0)];
        left = Math.Max(left, 0);
        return [.. told.Select(instance => instance with { Addresses = [.. instance.Addresses.Take(MostItems).TakeWhile(address => (left -= address.Length + AddressBytes) >= 0)] })];
    }

    /// <summary>What no host of this version would send; null: nothing.</summary>
    public string? Trouble()
    {
        if (!Peers.ConfigDigest.IsRoot(ConfigDigest))
            return $"a digest of {ConfigDigest.Length} characters";
        if (Drained?.Any(node => node is null) == true)
            return "a drained node that is null";
        if (Bgp?.Addresses.Any(one => one is null) == true)
            return "an announced address that is null";
        if (Challenges?.Any(one => one is null) == true)
            return "a challenge that is null";
        foreach (var instance in Vrrp)
        {
            if (instance is null)
                return "an instance that is null";
            if (instance.Family is not ("ipv4" or "ipv6"))
                return $"a family '{Plain(instance.Family)}'";
            if (instance.Addresses.Any(address => address is null))
                return "an address that is null";
        }

        return null;
    }

    /// <summary>The same with nothing in it that a terminal would take for more than text.</summary>
    public PeerReport Plain() => this with
    {
        Node = Plain(Node),
        Version = Plain(Version),
        State = Plain(State),
        BgpRouterId = BgpRouterId is null ? null : Plain(BgpRouterId),
        Bgp = Bgp?.Cut(MostItems) is { } bgp ? bgp with { Addresses = [.. bgp.Addresses.Select(one => one with { Address = Plain(one.Address) })] } : null,
        Challenges = Challenges is null ? null : [.. Challenges.Take(MostItems)], // nobody is shown any, and what is no token is not answered
        Drained = Drained is null ? null : [.. Drained.Take(MostItems).Select(Plain)],
        Vrrp = [.. Vrrp.Take(MostItems).Select(instance => instance with { Name = Plain(instance.Name), Addresses = [.. instance.Addresses.Take(MostItems).Select(Plain)] })],
    };

    /// <summary>A text of another host, fit for a line on a terminal.</summary>
    public static string Plain(string text) =>
        string.Concat((text.Length <= LongestText ? text : text[..LongestText]).Select(letter => letter is >= ' ' and <= '~' ? letter : '?'));
}
