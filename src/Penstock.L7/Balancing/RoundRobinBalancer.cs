// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L7.Balancing;

/// <summary>
/// Chooses in turn. Among weights it is smooth weighted round robin as in nginx: the credit of each weight grows by the sum of it over its endpoints, the richest is chosen and pays the sum of all;
/// the endpoints of that weight take turns. So over as many choices as the sum of all weights each endpoint has had exactly its weight, spread out. The time is linear in the number of different weights.
/// </summary>
internal sealed class RoundRobinBalancer : Balancer
{
    private const int MaxStart = 64;
    private Turn[] _turns = []; // By weight, as Set.Classes.

    /// <summary>A balancer that starts at a random place, so that reactors and restarts do not all favour the first endpoint.</summary>
    public RoundRobinBalancer(EndpointSet set, ref FastRandom random)
        : base(set)
    {
        TakeOver(ref random);
        for (int i = (int)random.Below(MaxStart); i > 0; i--)
        {
            PickNext();
        }
    }

    /// <summary>
    /// Chooses an endpoint. A second attempt goes by weight and chance, and nobody's turn moves: were it to take a turn, then of two endpoints the one that refuses would be the
    /// first choice of every request, and of more it would come round too often.
    /// </summary>
    /// <inheritdoc/>
    public override int Pick(ReadOnlySpan<int> tried, ReadOnlySpan<int> active, ref FastRandom random)
    {
        if (tried.IsEmpty)
        {
            return PickNext();
        }

        int position = Draw(tried, except: -1, ref random);
        return position < 0 ? -1 : Set.Eligible[position];
    }

    /// <inheritdoc/>
    protected override void OnChanged(EndpointSet old, ref FastRandom random) => TakeOver(ref random);

    private void TakeOver(ref FastRandom random)
    {
        ReadOnlySpan<WeightClass> classes = Set.Classes;
        long all = 0;
        foreach (WeightClass one in classes)
        {
            all += one.Total;
        }

        var turns = new Turn[classes.Length];
        int before = 0;
        for (int i = 0; i < turns.Length; i++)
        {
            while (before < _turns.Length && _turns[before].Weight < classes[i].Weight)
            {
                before++;
            }

            // What was earned among many is not to be paid back among few: that would keep an endpoint waiting, or in front, for long.
            turns[i] = before < _turns.Length && _turns[before].Weight == classes[i].Weight
                ? _turns[before] with { Credit = Math.Clamp(_turns[before].Credit, -all, all) }
                : new Turn(classes[i].Weight, 0, (int)random.Below(int.MaxValue));
        }

        _turns = turns;
    }

    private int PickNext()
    {
        ReadOnlySpan<WeightClass> classes = Set.Classes;
        if (classes.IsEmpty)
        {
            return -1;
        }

        int richest = 0;
        long all = 0;
        for (int i = 0; i < classes.Length; i++)
        {
            long total = classes[i].Total;
            all += total;
            _turns[i].Credit += total;
            if (_turns[i].Credit > _turns[richest].Credit)
            {
                richest = i;
            }
        }

        ref Turn turn = ref _turns[richest];
        turn.Credit -= all;
        WeightClass chosen = classes[richest];
        int place = (int)((uint)turn.Next % (uint)chosen.Count);
        turn.Next = place + 1;
        return Set.ByWeight[chosen.Start + place];
    }

    /// <summary>Where the endpoints of one weight are.</summary>
    /// <param name="Weight">Their weight.</param>
    /// <param name="Credit">What they have earned and not spent.</param>
    /// <param name="Next">Whose turn it is among them, modulo their number.</param>
    [StructLayout(LayoutKind.Auto)]
    private record struct Turn(int Weight, long Credit, int Next);
}
