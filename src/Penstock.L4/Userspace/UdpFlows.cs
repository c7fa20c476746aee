// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Userspace;

/// <summary>A reactor's UDP flows: for each use a list of them, by when they were used last.</summary>
internal sealed class UdpFlows
{
    private const int Uses = 3;

    // So much of all is left to each use before it makes room for a greater one: newcomers get to be served where all others are in use.
    private const int LeftToEach = 4;

    private readonly (UdpFlow? Newest, UdpFlow? Oldest, int Count)[] _lists = new (UdpFlow? Newest, UdpFlow? Oldest, int Count)[Uses];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Any of them; null: there is none.</summary>
    public UdpFlow? First => Array.Find(_lists, list => list.Newest is not null).Newest;

    /// <summary>Takes a new one.</summary>
    public void Add(UdpFlow flow)
    {
        Count++;
        Link(flow);
    }

    /// <summary>One is used.</summary>
    /// <param name="flow">The flow.</param>
    /// <param name="use">What has come of it now.</param>
    public void Touch(UdpFlow flow, UdpUse use)
    {
        if (flow.Use == use && ReferenceEquals(flow, _lists[(int)use].Newest))
            return;
        Unlink(flow);
        flow.Use = use;
        Link(flow);
    }

    /// <summary>One is closed.</summary>
    public void Remove(UdpFlow flow)
    {
        Unlink(flow);
        Count--;
    }

    /// <summary>The one that makes room for another: the one longest unused of the least use that more than a quarter of all have.</summary>
    /// <param name="except">Not this one; it may be in none of the lists.</param>
    public UdpFlow? Least(UdpFlow except)
    {
        UdpFlow? any = null;
        foreach (var (_, oldest, count) in _lists)
        {
            var flow = ReferenceEquals(oldest, except) ? oldest.Newer : oldest;
            if (flow is not null && count > Count / LeftToEach)
                return flow;
            any ??= flow;
        }

        return any;
    }

    /// <summary>Does something with each; it may change anything but the lists.</summary>
    public void ForEach(Action<UdpFlow> action)
    {
        foreach (var (newest, _, _) in _lists)
        {
            for (var flow = newest; flow is not null; flow = flow.Older)
                action(flow);
        }
    }

    private void Link(UdpFlow flow)
    {
        ref var list = ref _lists[(int)flow.Use];
        list.Count++;
        flow.Older = list.Newest;
        if (list.Newest is { } newest)
            newest.Newer = flow;
        list.Newest = flow;
        list.Oldest ??= flow;
    }

    private void Unlink(UdpFlow flow)
    {
        ref var list = ref _lists[(int)flow.Use];
        list.Count--;
        if (flow.Newer is { } newer)
            newer.Older = flow.Older;
        else
            list.Newest = flow.Older;
        if (flow.Older is { } older)
            older.Newer = flow.Newer;
        else
            list.Oldest = flow.Newer;
        flow.Newer = flow.Older = null;
    }
}
