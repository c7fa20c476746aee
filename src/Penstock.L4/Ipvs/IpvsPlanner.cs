// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net.Sockets;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Ipvs;

/// <summary>Works out what the kernel is to hold, and which commands lead there. Does no input or output.</summary>
internal static class IpvsPlanner
{
    private const string Maglev = "mh";
    private const string NoScheduler = "none"; // ip_vs_ctl.c: a service without one
    private const long SourceHashBuckets = 256; // ip_vs_sh.c: IP_VS_SH_TAB_SIZE

    /// <summary>What a snapshot wants.</summary>
    public static IpvsTable Want(Snapshot snapshot)
    {
        var table = new IpvsTable();
        foreach (var config in snapshot.Config.L4.Services)
        {
            var entry = table.Add(Service(config));
            var backends = snapshot.Services.GetValueOrDefault(config.Name, []).Where(backend => backend.State is not (EndpointState.Maintenance or EndpointState.Down)).ToArray();
            var weights = Weights(config, backends);
            foreach (var (backend, weight) in backends.Zip(weights))
            {
                var destination = Destination(config, backend, weight);
                entry.Destinations[destination.Key] = new IpvsTable.Held(destination, default);
            }
        }

        return table;
    }

    /// <summary>The key of a service as configured.</summary>
    public static IpvsServiceKey Key(ServiceConfig config) => config.Ipvs?.Mark is { } mark
        ? IpvsServiceKey.OfMark(config.Listen.Address.AddressFamily, (uint)mark)
        : IpvsServiceKey.Of(config.Listen.Protocol, config.Listen.Address, config.Listen.FirstPort);

    /// <summary>The key of a backend as configured.</summary>
    public static IpvsDestinationKey Key(ServiceConfig config, BackendConfig backend) =>
        new(backend.Address, config.Forwarding == Forwarding.Nat && backend.Port is { } port ? (ushort)port : Key(config).Port);

    /// <summary>
    /// Commands from what the kernel holds to what is wanted. Backends come before others go, services that go are the last. A service that is new
    /// gets mh when it has its destinations, for mh makes its table anew with each of them. Until then it has no scheduler: the kernel waits an RCU grace
    /// period, some milliseconds, where one scheduler takes another's place.
    /// </summary>
    /// <param name="wanted">What is wanted.</param>
    /// <param name="held">What the kernel holds.</param>
    /// <param name="isOurs">Whether a service that is not wanted is ours to take away.</param>
    public static List<IpvsCommand> Plan(IpvsTable wanted, IpvsTable held, Func<IpvsServiceKey, bool> isOurs)
    {
        var commands = new List<IpvsCommand>();
        foreach (var want in wanted.Services)
        {
            var have = held.Find(want.Service.Key);
            var fillsFirst = have is null && want.Destinations.Count > 1 && string.Equals(want.Service.Scheduler, Maglev, StringComparison.Ordinal);
            if (fillsFirst)
                commands.Add(new IpvsCommand(IpvsCommandKind.Add, want.Service with { Scheduler = NoScheduler }));
            else if (have is null)
                commands.Add(new IpvsCommand(IpvsCommandKind.Add, want.Service));
            else if (have.Service != want.Service)
                commands.Add(new IpvsCommand(IpvsCommandKind.Change, want.Service));
            PlanDestinations(want, have, commands);
            if (fillsFirst)
                commands.Add(new IpvsCommand(IpvsCommandKind.Change, want.Service));
        }

        commands.AddRange(
            from have in held.Services
            where wanted.Find(have.Service.Key) is null && isOurs(have.Service.Key)
            select new IpvsCommand(IpvsCommandKind.Remove, have.Service));
        return commands;
    }

    private static void PlanDestinations(IpvsTable.Entry want, IpvsTable.Entry? have, List<IpvsCommand> commands)
    {
        foreach (var (key, destination) in want.Destinations)
        {
            if (have is null || !have.Destinations.TryGetValue(key, out var known))
                commands.Add(new IpvsCommand(IpvsCommandKind.Add, want.Service, destination.Destination));
            else if (known.Destination != destination.Destination)
                commands.Add(new IpvsCommand(IpvsCommandKind.Change, want.Service, destination.Destination));
        }

        if (have is null)
            return;
        foreach (var (key, destination) in have.Destinations)
        {
            if (!want.Destinations.ContainsKey(key))
                commands.Add(new IpvsCommand(IpvsCommandKind.Remove, want.Service, destination.Destination));
        }
    }

    private static IpvsService Service(ServiceConfig config)
    {
        var own = config.Ipvs ?? new IpvsServiceConfig();
        var isIpv4 = config.Listen.Address.AddressFamily == AddressFamily.InterNetwork;
        var flags = IpvsServiceFlags.None;
        if (own.Persistence is not null)
            flags |= IpvsServiceFlags.Persistent;
        if (own.OnePacket)
            flags |= IpvsServiceFlags.OnePacket;
        if (own.Fallback)
            flags |= IpvsServiceFlags.Fallback;
        if (own.Scheduler is IpvsScheduler.Mh or IpvsScheduler.Sh && config.Hash == HashOn.Flow)
            flags |= IpvsServiceFlags.Port;
        var prefix = own.PersistencePrefix ?? (isIpv4 ? 32 : 128);
        return new IpvsService(
            Key(config),
            own.Scheduler.ToString().ToLowerInvariant(),
            flags,
            (uint)Math.Ceiling(own.Persistence?.TotalSeconds ?? 0),
            isIpv4 ? Mask(prefix) : (uint)prefix);
    }

    // Weights are relative: those of a service with slow start are in sixteenths, for all its backends alike.
    private static uint[] Weights(ServiceConfig config, BackendStatus[] backends)
    {
        uint[] weights = [.. backends.Select(backend => backend.State == EndpointState.Drain ? 0 : (uint)(backend.Config.Weight * (config.SlowStart > TimeSpan.Zero ? backend.Share : 1)))];
        return config.Ipvs?.Scheduler == IpvsScheduler.Sh ? Buckets(weights) : weights;
    }

    // Scheduler sh gives one destination after the other as many buckets as it has weight, round after round until they are used up: many rounds, or one that takes
    // them all, or some destinations get less than their part, or nothing.
    private static uint[] Buckets(uint[] weights)
    {
        var common = weights.Aggregate(0u, Divisor);
        var sum = weights.Sum(weight => (long)weight);
        if (sum <= common * (SourceHashBuckets / 16))
            return [.. weights.Select(weight => weight / Math.Max(1, common))];
        return [.. weights.Select(weight => weight == 0 ? 0 : (uint)Math.Max(1, weight * SourceHashBuckets / sum))];
    }

    private static uint Divisor(uint one, uint other) => other == 0 ? one : Divisor(other, one % other);

    private static uint Mask(int prefix) => BinaryPrimitives.ReverseEndianness(uint.MaxValue << (32 - prefix));

    private static IpvsDestination Destination(ServiceConfig config, BackendStatus backend, uint weight)
    {
        var isGue = config.Forwarding == Forwarding.DsrGue;
        return new IpvsDestination(
            Key(config, backend.Config),
            config.Forwarding switch { Forwarding.Nat => IpvsMethod.Masquerade, Forwarding.DsrL2 => IpvsMethod.Route, _ => IpvsMethod.Tunnel },
            weight,
            (uint)backend.Config.UpperThreshold,
            (uint)backend.Config.LowerThreshold,
            isGue ? IpvsTunnel.Gue : IpvsTunnel.Ipip,
            isGue ? (ushort)(backend.Config.Port ?? BackendConfig.GuePort) : (ushort)0);
    }
}
