// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.Tests;

/// <summary>A configuration of many services and backends, all ready.</summary>
internal static class LargeTier
{
    /// <summary>Its snapshot.</summary>
    /// <param name="services">Services, called s0, s1 and so on; at most 65,536.</param>
    /// <param name="backends">Backends of each; at most 254.</param>
    public static Snapshot Of(int services, int backends)
    {
        var config = new L4Config
        {
            Interfaces = ["lo"],
            Services = [.. Enumerable.Range(0, services).Select(i => new ServiceConfig
            {
                Name = $"s{i}",
                Listen = new ServiceAddress(TransportProtocol.Tcp, new IPAddress([203, 0, (byte)(i >> 8), (byte)i]), 80, 80),
                Forwarding = Forwarding.DsrIpip,
                NextHop = NextHop.Sender,
                Backends = [.. Enumerable.Range(1, backends).Select(j => new BackendConfig { Address = new IPAddress([10, (byte)(i >> 8), (byte)i, (byte)j]) })],
            })],
        };
        return new Snapshot(1, new ApplianceConfig { Node = "lb", L4 = config }, ImmutableDictionary<string, ClusterEndpoints>.Empty)
        {
            Services = config.Services.ToImmutableDictionary(service => service.Name, service => service.Backends.Select(backend => new BackendStatus(backend, EndpointState.Ready)).ToImmutableArray()),
        };
    }

    /// <summary>The same with a backend of a service down.</summary>
    public static Snapshot WithDown(Snapshot snapshot, string service, int backend) =>
        snapshot with { Services = snapshot.Services.SetItem(service, snapshot.Services[service].SetItem(backend, snapshot.Services[service][backend] with { State = EndpointState.Down })) };
}
