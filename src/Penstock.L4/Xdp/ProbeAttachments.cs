// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;
using Penstock.Linux.Bpf;
using Penstock.Linux.Netlink;

namespace Penstock.L4.Xdp;

/// <summary>The programs of health checks on interfaces. What is ours is known by pins: of each program, and of the qdisc where this has made it.</summary>
/// <param name="pins">Where they are.</param>
internal sealed class ProbeAttachments(PinTree pins)
{
    private const ushort Priority = 10;
    private const uint Handle = 0x5053;
    private const string Qdisc = "qdisc";

    private static readonly (TcDirection Direction, string Name)[] s_directions = [(TcDirection.Egress, "out"), (TcDirection.Ingress, "in")];

    /// <summary>Has these interfaces run them, and no others.</summary>
    /// <returns>Interfaces that did not run them before.</returns>
    /// <exception cref="L4ApplyException">Somebody else's program is in their place.</exception>
    public IReadOnlyList<string> Attach(IReadOnlySet<int> interfaces, BpfProgram outgoing, BpfProgram incoming)
    {
        pins.CreateProbes();
        var added = new List<string>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var index in interfaces)
        {
            if (NetworkDevice.Name(index) is not { } name)
                continue; // It went just now.
            names.Add(name);
            var filter = new TcFilter(index, Priority, Handle);
            if (filter.Query(TcDirection.Egress) == outgoing.Info.Id && filter.Query(TcDirection.Ingress) == incoming.Info.Id)
                continue;
            Attach(name, index, filter, outgoing, incoming);
            added.Add(name);
        }

        foreach (var gone in pins.ProbeNames().Where(name => !names.Contains(name)).ToArray())
            Detach(gone);
        return added;
    }

    /// <summary>Takes them off every interface.</summary>
    /// <returns>The interfaces.</returns>
    public IReadOnlyList<string> Clear()
    {
        var names = pins.ProbeNames();
        foreach (var name in names)
            Detach(name);
        return names;
    }

    private void Attach(string name, int index, TcFilter filter, BpfProgram outgoing, BpfProgram incoming)
    {
        var qdisc = pins.Probe(name, Qdisc);
        if (File.Exists(PinTree.Beside(qdisc)))
            File.Move(PinTree.Beside(qdisc), qdisc, overwrite: true);
        if (TcFilter.CreateQdisc(index))
            PinTree.Replace(qdisc, outgoing.Pin);
        foreach (var (direction, word) in s_directions)
        {
            var path = pins.Probe(name, word);
            var found = filter.Query(direction);
            Settle(path, found);
            if (found is { } running && running != Pinned(path))
            {
                throw new L4ApplyException(
                    $"health_via: interface {name} has the program {running} of somebody else at clsact, {direction.ToString().ToLowerInvariant()}, priority {Priority}, handle {Handle:x}: take that off first");
            }

            var program = direction == TcDirection.Egress ? outgoing : incoming;
            PinTree.Replace(path, program.Pin, () => filter.Attach(direction, program)); // whenever this is killed, what runs is pinned
        }
    }

    private void Detach(string name)
    {
        var index = NetworkDevice.Index(name);
        var filter = new TcFilter(index, Priority, Handle);
        foreach (var (direction, word) in s_directions)
        {
            var path = pins.Probe(name, word);
            Settle(path, index == 0 ? null : filter.Query(direction));
            if (index != 0 && Pinned(path) is { } id && filter.Query(direction) == id)
                filter.Detach(direction);
            File.Delete(path);
        }

        // Others may have put filters there since.
        var qdisc = pins.Probe(name, Qdisc);
        if ((File.Exists(qdisc) || File.Exists(PinTree.Beside(qdisc))) && index != 0 && !HasFilters(index))
            TcFilter.DeleteQdisc(index);
        File.Delete(qdisc);
        File.Delete(PinTree.Beside(qdisc));
    }

    // A daemon that was killed while it replaced a program has left one beside its place: that runs already, or never did.
    private static void Settle(string path, uint? running)
    {
        var beside = PinTree.Beside(path);
        if (running is not null && Pinned(beside) == running)
            File.Move(beside, path, overwrite: true);
        else
            File.Delete(beside);
    }

    private static bool HasFilters(int index)
    {
        using var kernel = new RouteNetlink();
        return kernel.HasFilters(index);
    }

    private static uint? Pinned(string path)
    {
        using var program = BpfProgram.OpenPinned(path);
        return program?.Info.Id;
    }
}
