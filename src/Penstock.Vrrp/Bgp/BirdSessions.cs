// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Globalization;

namespace Penstock.Vrrp.Bgp;

/// <summary>Reads what BIRD says of its sessions: <c>show protocols all</c>, <c>show bfd sessions</c>.</summary>
internal static class BirdSessions
{
    private const int ProtocolLine = 1002, DetailLine = 1006, BfdLine = 1020; // doc/reply_codes
    private const int MostText = 200;
    private const string State = "BGP state:", Address = "Neighbor address:", Error = "Last error:";

    /// <summary>The sessions with penstock's neighbors, by name; other protocols, such as those of an operator's template, are left out.</summary>
    /// <param name="protocols">Answer to <c>show protocols all</c>.</param>
    /// <param name="bfd">Answer to <c>show bfd sessions</c>; null: it was not asked.</param>
    public static ImmutableArray<BirdSession> Read(BirdReply protocols, BirdReply? bfd)
    {
        var states = bfd is null ? [] : ReadBfd(bfd);
        var found = new List<(BirdSession Session, string? Address)>();
        var isOurs = false;
        foreach (var line in protocols.Lines)
        {
            if (line.Code == ProtocolLine)
            {
                isOurs = Words(line.Text) is [var name, "BGP", _, _, ..] && name.StartsWith(BirdTemplate.NeighborPrefix, StringComparison.Ordinal);
                if (isOurs)
                    found.Add((Begin(Words(line.Text)), null));
            }
            else if (line.Code == DetailLine && isOurs)
            {
                found[^1] = Add(found[^1].Session, found[^1].Address, line.Text.Trim());
            }
        }

        return [.. found.Select(one => one.Session with { Bfd = one.Address is not null ? states.GetValueOrDefault(one.Address) : null })];
    }

    // "to_tor1    BGP        ---        up     1795327805  Established   "
    private static BirdSession Begin(string[] words) => new(
        words[0][BirdTemplate.NeighborPrefix.Length..],
        "Down",
        words.Length > 4 && long.TryParse(words[4], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= uint.MaxValue ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null,
        LastError: null,
        Bfd: null);

    private static (BirdSession Session, string? Address) Add(BirdSession session, string? address, string text)
    {
        if (text.StartsWith(State, StringComparison.Ordinal))
            return (session with { State = Short(text[State.Length..]) }, address);
        if (text.StartsWith(Address, StringComparison.Ordinal))
            return (session, text[Address.Length..].Trim());
        return text.StartsWith(Error, StringComparison.Ordinal) ? (session with { LastError = Short(text[Error.Length..]) }, address) : (session, address);
    }

    // "192.0.2.1                 eth0       Up         1795327805    0.300    0.900"
    private static Dictionary<string, string> ReadBfd(BirdReply reply)
    {
        var states = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in reply.Lines.Where(line => line.Code == BfdLine))
        {
            if (Words(line.Text) is [var address, _, var state, _, ..])
                states[address] = Short(state);
        }

        return states;
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string Short(string text) => text.Trim() is { Length: > MostText } words ? words[..MostText] : text.Trim();
}
