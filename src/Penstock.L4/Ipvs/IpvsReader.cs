// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Ipvs;

/// <summary>Shows what the kernel holds in the terms of the configuration.</summary>
internal static class IpvsReader
{
    /// <summary>The status of the services of a snapshot.</summary>
    public static L4Status Read(Snapshot snapshot, IpvsTable held, ImmutableArray<string> warnings) => L4Status.Empty with
    {
        Engine = L4Engine.Ipvs,
        Services = [.. snapshot.Config.L4.Services.Select(service => Service(service, snapshot.Services.GetValueOrDefault(service.Name, []), held.Find(IpvsPlanner.Key(service))))],
        Warnings = warnings,
    };

    private static ServiceCounters Service(ServiceConfig config, ImmutableArray<BackendStatus> backends, IpvsTable.Entry? held)
    {
        var own = held?.Counters ?? default;
        var mark = config.Ipvs?.Mark is { } number ? $" mark {number}" : "";
        return new ServiceCounters(
            config.Name,
            config.Listen + mark,
            config.Forwarding.Name(),
            own.Connections,
            own.Packets,
            own.Bytes,
            Unserved: 0,
            Cookies: 0,
            Drops: L4Status.Empty.Drops,
            [.. backends.Select(backend => Backend(config, backend, held))],
            backends.Any(backend => backend.IsInPanic));
    }

    private static BackendCounters Backend(ServiceConfig config, BackendStatus backend, IpvsTable.Entry? held)
    {
        var key = IpvsPlanner.Key(config, backend.Config);
        var counters = held?.Destinations.GetValueOrDefault(key)?.Counters ?? default;
        return new BackendCounters(
            config.Forwarding == Forwarding.Nat ? key.ToString() : key.Address.ToString(),
            backend.Config.Weight,
            backend.State.ToString().ToLowerInvariant(),
            backend.Reason,
            Slots: 0,
            counters.Connections,
            counters.Packets,
            counters.Bytes,
            TableMisses: 0,
            (double)backend.Share / BackendStatus.WholeShare)
        {
            ReturnPackets = counters.ReturnPackets,
            ReturnBytes = counters.ReturnBytes,
        };
    }
}
