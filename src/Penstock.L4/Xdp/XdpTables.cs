// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Penstock.L4.Maglev;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>
/// Brings the maps from what they hold to what is planned, by writes in an order in which every packet meets something whole:
/// backends, then rings, then addresses, then the services that expose them; the other way round for what goes. What goes does so last, unless nothing that comes has its ports.
/// </summary>
internal sealed class XdpTables
{
    private readonly IXdpMaps _maps;
    private readonly Dictionary<ServiceAddress, ServiceEntry> _services = [];
    private readonly Dictionary<Layout.Address, Layout.Vip> _vips = [];
    private readonly RingSpace _lines;
    private readonly IdSpace _backendIds;
    private readonly IdSpace _serviceIds;
    private readonly ClientTables _clients;
    private readonly PortTable _ports;

    /// <summary>Takes over what the maps hold, which is nothing when they are new.</summary>
    public XdpTables(IXdpMaps maps)
    {
        _maps = maps;
        _clients = new ClientTables(maps);
        _ports = new PortTable(maps);
        _lines = new RingSpace(maps.RingLines);
        _backendIds = new IdSpace(1, maps.Backends, "backends");
        _serviceIds = new IdSpace(0, maps.Services, "services");
        Adopt(maps.Read());
    }

    /// <summary>Services there are.</summary>
    public IReadOnlyDictionary<ServiceAddress, ServiceEntry> Services => _services;

    /// <summary>
    /// Puts a plan in place, and nothing besides it. Where there is no room for old and new at once, some services come after others have let go of what they had.
    /// Whatever it throws, what was there before is there, or part of the new: the plan before, applied again, puts all of that back.
    /// </summary>
    /// <param name="plan">The services.</param>
    /// <param name="isClosed">Whether what is sent to their addresses and no service takes is dropped.</param>
    /// <exception cref="XdpFullException">The maps are too small for it.</exception>
    public void Apply(IReadOnlyList<PlannedService> plan, bool isClosed = false)
    {
        var leaving = Match(plan);
        foreach (var gone in leaving.Where(entry => !plan.Any(service => PortTable.Overlap(service.Listen, entry.Listen))).ToArray())
        {
            Remove(gone);
            leaving.Remove(gone);
        }

        var vips = VipPlan.Of(plan, isClosed);
        var waiting = new Queue<PlannedService>(plan.Where(service => !_services.TryGetValue(service.Listen, out var entry) || !ReferenceEquals(entry.Plan, service)));
        do
        {
            var updates = PrepareSome(waiting);
            WriteVips(vips);
            foreach (var update in updates)
                Expose(update);
        }
        while (waiting.Count > 0);

        foreach (var entry in _services.Values)
            _ports.Trim(entry);
        foreach (var gone in leaving)
            Remove(gone);
        TrimVips(vips);
        foreach (var entry in _services.Values.Where(entry => entry.CountsAnew || entry.Heir != entry.Owner))
            Inherit(entry);
    }

    // A service keeps its id, and with it its flows, over other ports: one that goes becomes one that comes and has some of its ports, by its name where there are several.
    private List<ServiceEntry> Match(IReadOnlyList<PlannedService> plan)
    {
        var kept = plan.Select(service => service.Listen).ToHashSet();
        var leaving = _services.Values.Where(entry => !kept.Contains(entry.Listen)).ToList();
        foreach (var service in leaving.Count > 0 ? plan.Where(service => !_services.ContainsKey(service.Listen)) : [])
        {
            var heirs = leaving.Where(entry => PortTable.Overlap(service.Listen, entry.Listen)).ToArray();
            if ((Array.Find(heirs, entry => entry.Name == service.Name || entry.Owner == service.Owner) ?? heirs.FirstOrDefault()) is not { } entry)
                continue;
            _services.Remove(entry.Listen);
            (entry.Listen, entry.Plan) = (service.Listen, null);
            _services.Add(entry.Listen, entry);
            leaving.Remove(entry);
        }

        return leaving;
    }

    // As many as there is room for: what these let go of when they are in place makes room for more. Rings are filled by all CPUs while the next services' backends are written.
    private List<Update> PrepareSome(Queue<PlannedService> waiting)
    {
        var updates = new List<Update>();
        try
        {
            Parallel.ForEach(Partitioner.Create(Rings(waiting, updates), EnumerablePartitionerOptions.NoBuffering), FillRing);
        }
        catch (AggregateException failed)
        {
            ExceptionDispatchInfo.Throw(failed.InnerExceptions[0]);
        }

        return updates;
    }

    // Those to be filled, each behind its service's backends.
    private IEnumerable<RingUpdate> Rings(Queue<PlannedService> waiting, List<Update> updates)
    {
        while (waiting.TryPeek(out var next) && Prepare(next, isFirst: updates.Count == 0) is { } update)
        {
            updates.Add(update);
            waiting.Dequeue();
            if (update.Ring.IsNew)
                yield return update.Ring;
            if (update.Second.IsNew)
                yield return update.Second;
        }
    }

    private Update? Prepare(PlannedService plan, bool isFirst)
    {
        try
        {
            return Prepare(plan);
        }
        catch (XdpFullException) when (!isFirst)
        {
            return null;
        }
    }

    // What services that come need of their addresses; what those that go do stays until they have.
    private void WriteVips(Dictionary<Layout.Address, Layout.Vip> vips)
    {
        foreach (var (address, vip) in vips)
            Write(address, _vips.TryGetValue(address, out var known) ? known with { Flags = known.Flags | (vip.Flags & (Layout.VipFlags.Ranges | Layout.VipFlags.NatSource)) } : vip);
    }

    private void TrimVips(Dictionary<Layout.Address, Layout.Vip> vips)
    {
        foreach (var (address, vip) in vips)
            Write(address, vip);
        foreach (var address in _vips.Keys.Where(address => !vips.ContainsKey(address)).ToArray())
        {
            _maps.DeleteVip(address.ToIPAddress());
            _vips.Remove(address);
        }
    }

    private void Write(Layout.Address address, in Layout.Vip vip)
    {
        if (_vips.TryGetValue(address, out var known) && known == vip)
            return;
        _maps.WriteVip(address.ToIPAddress(), vip);
        _vips[address] = vip;
    }

    private void Adopt(XdpContents contents)
    {
        var keys = contents.Services.Select(entry => (Key: PortKey.Of(entry.Key), entry.Value)).Concat(contents.Ranges.Select(part => (Key: PortKey.Of(part.Key), part.Value)));
        foreach (var parts in keys.GroupBy(part => part.Value.Id))
            AdoptService([.. parts.Select(part => part.Key).OrderBy(key => key.Ports.First)], [.. parts.Select(part => part.Value).Distinct()]);

        var byId = _services.Values.ToDictionary(entry => entry.Id);
        foreach (var (id, backend) in contents.Backends)
        {
            _backendIds.Claim(id);
            if (!byId.TryGetValue(backend.Service, out var entry) || !entry.Backends.TryAdd(BackendKey.Of(backend), id))
                Release(id);
            else if (!backend.Flags.HasFlag(Layout.BackendFlags.Counted))
                entry.CountsAnew = true; // written by a daemon of a version before
        }

        _clients.Adopt(contents, byId);
        foreach (var (address, vip) in contents.Vips)
            _vips.Add(address, vip);
    }

    // Keys of a service differ where a daemon ended while it wrote them: all are written again, and no ring that one of them names is another's until then.
    private void AdoptService(PortKey[] keys, Layout.Service[] values)
    {
        var (address, protocol, first) = (keys[0].Address.ToIPAddress(), keys[0].Protocol, keys[0].Ports.First);
        var entry = new ServiceEntry(new ServiceAddress(protocol, address, first, keys.Max(key => key.Last)), values[0].Id) { Written = values.Length == 1 ? values[0] : null, Owner = _maps.ReadServiceOwner(values[0].Id) };
        foreach (var key in keys)
            _ports.Adopt(key, entry);
        _serviceIds.Claim(entry.Id);
        AdoptRings(entry.Ring, entry.Listen, values.Select(value => (value.RingLine, value.RingSlots)));
        AdoptRings(entry.Second, entry.Listen, values.Select(value => (value.SecondLine, value.SecondSlots)));
        if (_services.TryAdd(entry.Listen, entry))
            return;
        entry.Listen = new ServiceAddress(protocol, address, first, keys[0].Last); // of a change that was not ended: one of them lies around the other
        _services.Add(entry.Listen, entry);
    }

    private void AdoptRings(ServiceRing ring, ServiceAddress listen, IEnumerable<(uint Line, uint Slots)> written)
    {
        foreach (var (line, slots) in written.Where(one => one.Slots > 0).Select(one => ((int)one.Line, (int)one.Slots)).DistinctBy(one => one.Item1))
        {
            if (!_lines.TryClaim(line, RingSpace.LinesOf(slots)))
                throw new InvalidDataException($"the ring of {listen} overlaps another");
            ring.Take(line, slots);
        }
    }

    /// <summary>Backends that come, and those that become ready, before any ring names them.</summary>
    private Update Prepare(PlannedService plan)
    {
        if (!_services.TryGetValue(plan.Listen, out var entry))
        {
            entry = new ServiceEntry(plan.Listen, _serviceIds.Take()) { Owner = plan.Owner };
            _maps.ClearServiceStats(entry.Id);
            _maps.WriteServiceOwner(entry.Id, entry.Owner);
            _services.Add(plan.Listen, entry);
        }

        (entry.Plan, entry.Name, entry.Heir) = (null, plan.Name, plan.Owner);
        foreach (var backend in plan.Backends)
        {
            var key = backend.Key;
            if (!entry.Backends.TryGetValue(key, out var id))
            {
                id = _backendIds.Take();
                var before = _maps.ReadBackend(id);
                if (before != default) // an id that was never given out has counted nothing
                    _maps.ClearBackendStats(id);
                var generation = (byte)(before.Generation + 1);
                _maps.WriteBackend(id, backend.Value with { Service = entry.Id, Generation = generation, Flags = backend.Value.Flags | Layout.BackendFlags.Counted });
                entry.Backends.Add(key, id);
            }
            else if (backend.Value.State == Layout.StateKind.Ready)
            {
                Rewrite(id, backend.Value);
            }
        }

        return new Update(plan, entry, PrepareRing(entry.Ring, plan.Members(entry.Backends), plan, IsOfOtherKind(entry, plan)), PrepareRing(entry.Second, plan.SecondMembers(entry.Backends), plan, isOther: false));
    }

    // Counters are those of a name, across restarts too; what another has counted on the same ports is not its. Nor is what the program of a version before did: it counted some packets twice, and no answers.
    private void Inherit(ServiceEntry entry)
    {
        _maps.ClearServiceStats(entry.Id);
        foreach (var id in entry.Backends.Values)
        {
            _maps.ClearBackendStats(id);
            var known = _maps.ReadBackend(id);
            if (!known.Flags.HasFlag(Layout.BackendFlags.Counted))
                _maps.WriteBackend(id, known with { Flags = known.Flags | Layout.BackendFlags.Counted });
        }

        _maps.WriteServiceOwner(entry.Id, entry.Heir);
        (entry.Owner, entry.CountsAnew) = (entry.Heir, false);
    }

    private RingUpdate PrepareRing(ServiceRing ring, MaglevMember[] members, PlannedService plan, bool isOther)
    {
        if (members.Length > 0 && (ring.Slots != plan.TableSize || isOther))
        {
            var line = _lines.Take(RingSpace.LinesOf(plan.TableSize));
            if (line < 0)
                throw new XdpFullException($"no room for a table of {plan.TableSize} slots");
            ring.Take(line, plan.TableSize);
        }

        return new RingUpdate(ring, members);
    }

    // A service that says nat has backends by nat, another has none: it gets them with the word, by a ring of its own.
    private static bool IsOfOtherKind(ServiceEntry entry, PlannedService plan) =>
        entry.Ring.Line >= 0 && (entry.Written is not { } written || ((written.Flags ^ plan.Value.Flags) & Layout.ServiceFlags.Nat) != Layout.ServiceFlags.None);

    // Slots that keep their backend are not touched.
    private void FillRing(RingUpdate update)
    {
        var size = update.Ring.Slots;
        var table = ArrayPool<uint>.Shared.Rent(size);
        MaglevTable.Fill(update.Members, table.AsSpan(0, size));
        var ring = _maps.Ring(update.Ring.Line, size);
        for (var i = 0; i < size; i++)
        {
            if (ring[i] != table[i])
                ring[i] = table[i];
        }

        update.Ring.Shares = Count(update.Members, table.AsSpan(0, size));
        ArrayPool<uint>.Shared.Return(table);
        update.Ring.Filled = update.Members;
    }

    private static Dictionary<uint, long> Count(MaglevMember[] members, ReadOnlySpan<uint> table)
    {
        var counts = ArrayPool<int>.Shared.Rent((int)members.Max(member => member.Value) + 1);
        Array.Clear(counts);
        foreach (var id in table)
            counts[id]++;
        var slots = members.ToDictionary(member => member.Value, member => (long)counts[member.Value]);
        ArrayPool<int>.Shared.Return(counts);
        return slots;
    }

    /// <summary>The service itself, and after it what no packet can meet any more.</summary>
    private void Expose(Update update)
    {
        var (plan, entry) = (update.Plan, update.Entry);
        _clients.Write(entry, plan);
        _ports.Write(entry, plan.Value with
        {
            Id = entry.Id,
            RingLine = update.Ring.Line,
            RingSlots = update.Ring.Slots,
            SecondLine = update.Second.Line,
            SecondSlots = update.Second.Slots,
            LocalBackend = update.Second.Slots > 0 && plan.Local is { } local ? entry.Backends[local] : 0,
        });

        _clients.Trim(entry, plan);
        Trim(update.Ring);
        Trim(update.Second);

        foreach (var backend in plan.Backends.Where(backend => backend.Value.State != Layout.StateKind.Ready))
            Rewrite(entry.Backends[backend.Key], backend.Value);
        var kept = plan.Backends.Select(backend => backend.Key).ToHashSet();
        foreach (var (key, id) in entry.Backends.Where(backend => !kept.Contains(backend.Key)).ToArray())
        {
            Release(id);
            entry.Backends.Remove(key);
        }

        entry.Plan = plan;
    }

    // No packet can meet these any more.
    private void Trim(RingUpdate update)
    {
        if (update.Members.Length == 0)
            update.Ring.Take(-1, 0);
        Free(update.Ring);
    }

    private void Free(ServiceRing ring)
    {
        foreach (var line in ring.Old)
            _lines.Free(line);
        ring.Old.Clear();
    }

    private void Remove(ServiceEntry entry)
    {
        (entry.Plan, entry.Written) = (null, null);
        _ports.Remove(entry);
        _clients.Remove(entry);
        foreach (var (key, id) in entry.Backends.ToArray())
        {
            Release(id);
            entry.Backends.Remove(key);
        }

        foreach (var ring in (ServiceRing[])[entry.Ring, entry.Second])
        {
            ring.Take(-1, 0);
            Free(ring);
        }

        _serviceIds.Free(entry.Id);
        _services.Remove(entry.Listen);
    }

    private void Rewrite(uint id, in Layout.Backend planned)
    {
        var known = _maps.ReadBackend(id);
        var value = planned with { Service = known.Service, Generation = known.Generation, Flags = planned.Flags | (known.Flags & Layout.BackendFlags.Counted) };
        if (value != known)
            _maps.WriteBackend(id, value);
    }

    private void Release(uint id)
    {
        _maps.WriteBackend(id, _maps.ReadBackend(id) with { State = Layout.StateKind.Unused });
        _backendIds.Free(id);
    }

    private sealed record Update(PlannedService Plan, ServiceEntry Entry, RingUpdate Ring, RingUpdate Second);

    private sealed record RingUpdate(ServiceRing Ring, MaglevMember[] Members)
    {
        public uint Line => Members.Length > 0 ? (uint)Ring.Line : 0;

        public uint Slots => Members.Length > 0 ? (uint)Ring.Slots : 0;

        public bool IsNew => Members.Length > 0 && !Members.AsSpan().SequenceEqual(Ring.Filled);
    }
}
