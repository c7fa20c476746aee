// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.L7.Balancing;

/// <summary>
/// Finds the endpoints of a list in the list before it. Lists differ in little as a rule, and most of what has not changed is the same object in both: it costs one comparison, and what
/// was put in or taken out is passed over by a look ahead. Only what that does not find is looked up in a table.
/// </summary>
internal static class EndpointAlignment
{
    // An EndpointSlice, which may come or go as a whole, has 1000 endpoints at most (Kubernetes, --max-endpoints-per-slice).
    private const int MostAhead = 1024;

    /// <summary>For each endpoint its place in the list before, -1 for one that is not there.</summary>
    /// <param name="before">The list before, each address once.</param>
    /// <param name="now">The list, each address once.</param>
    public static int[] Places(ReadOnlySpan<Endpoint> before, ReadOnlySpan<Endpoint> now)
    {
        var places = new int[now.Length];
        var left = new List<int>();
        var came = new List<int>();
        int looks = before.Length + now.Length; // Lists that have little in common are not searched for it at every place.
        int i = 0;
        int j = 0;
        while (i < before.Length && j < now.Length)
        {
            if (IsSame(before[i], now[j]))
            {
                places[j++] = i++;
                continue;
            }

            (int skippedBefore, int skippedNow) = NextMatch(before[i..], now[j..], ref looks);
            AddRange(left, i, i += skippedBefore);
            AddRange(came, j, j += skippedNow);
        }

        AddRange(left, i, before.Length);
        AddRange(came, j, now.Length);
        LookUp(before, now, left, came, places);
        return places;
    }

    /// <summary>How many to pass over in each list until they go on alike; one in each where that is not seen. The first of both differ.</summary>
    private static (int Before, int Now) NextMatch(ReadOnlySpan<Endpoint> before, ReadOnlySpan<Endpoint> now, ref int looks)
    {
        for (int ahead = 1; ahead <= MostAhead && looks > 0; ahead++)
        {
            looks--;
            if (ahead < now.Length && IsSame(before[0], now[ahead]))
            {
                return (0, ahead);
            }

            if (ahead < before.Length && IsSame(before[ahead], now[0]))
            {
                return (ahead, 0);
            }

            if (ahead < before.Length && ahead < now.Length && IsSame(before[ahead], now[ahead]))
            {
                return (ahead, ahead);
            }
        }

        return (1, 1);
    }

    /// <summary>Those that were passed over may have moved.</summary>
    private static void LookUp(ReadOnlySpan<Endpoint> before, ReadOnlySpan<Endpoint> now, List<int> left, List<int> came, int[] places)
    {
        if (came.Count == 0)
        {
            return;
        }

        var placeOf = new Dictionary<SocketEndpoint, int>(left.Count);
        foreach (int place in left)
        {
            placeOf[before[place].Address] = place;
        }

        foreach (int place in came)
        {
            places[place] = placeOf.Remove(now[place].Address, out int known) ? known : -1;
        }
    }

    private static void AddRange(List<int> places, int from, int to)
    {
        for (int place = from; place < to; place++)
        {
            places.Add(place);
        }
    }

    private static bool IsSame(Endpoint before, Endpoint now) => ReferenceEquals(before, now) || before.Address == now.Address;
}
