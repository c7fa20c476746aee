// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.L4.Maglev;
using Penstock.L4.Userspace;
using Penstock.L4.Xdp;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Userspace;

public sealed class RelayTableTests
{
    private static readonly IPEndPoint Vip = IPEndPoint.Parse("203.0.113.10:443");

    [Theory]
    [InlineData(HashOn.Flow)]
    [InlineData(HashOn.Client)]
    public void Choose_AnyFlow_IsAsTheProgramInTheKernelChooses(HashOn hash)
    {
        const ulong Seed = 7;
        var service = Service(hash);
        var table = Table(service, Seed);
        var members = service.Backends.Select((backend, i) => new MaglevMember(MaglevIdentity.Of(backend.Address, backend.Port ?? 0, Seed), (uint)(backend.Weight * BackendStatus.WholeShare), (uint)i)).ToArray();
        var ring = new uint[service.TableSize];
        MaglevTable.Fill(members, ring);

        for (var i = 0; i < 2000; i++)
        {
            var from = new IPEndPoint(new IPAddress([198, 51, (byte)(i >> 4), (byte)i]), 1024 + (i * 7));
            var slot = FlowHash.Slot(FlowHash.Of(from, Vip, TransportProtocol.Tcp, hash, Seed), (uint)ring.Length);

            table.Choose(from, Vip).ShouldBe(table.Backends[(int)ring[slot]]);
        }
    }

    [Theory] // Fixed, so that a change of hash or table does not go unseen: two hosts, or two releases, would part.
    [InlineData("198.51.100.7:40112", "10.0.0.3")]
    [InlineData("198.51.100.7:40113", "10.0.0.1:8443")]
    [InlineData("198.51.100.9:51844", "10.0.0.3")]
    [InlineData("192.0.2.200:1025", "10.0.0.3")]
    [InlineData("192.0.2.201:1025", "10.0.0.2")]
    public void Choose_FixedFlows_GoWhereTheyWent(string from, string backend) =>
        Table(Service(HashOn.Flow), seed: 0).Choose(IPEndPoint.Parse(from), Vip)!.ToString().ShouldBe(backend); // backends are ready

    [Fact]
    public void Choose_ByClient_IsTheSameForAllItsPorts()
    {
        var table = Table(Service(HashOn.Client), seed: 1);

        Enumerable.Range(1024, 300).Select(port => table.Choose(new IPEndPoint(IPAddress.Parse("198.51.100.7"), port), Vip)).Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public void Choose_AfterFailures_ComesToEachBackendOnceAndThenToNone()
    {
        var table = Table(Service(HashOn.Flow), seed: 0);
        var failed = new List<RelayBackend>();
        var from = IPEndPoint.Parse("198.51.100.7:40112");
        while (table.Choose(from, Vip, failed) is { } backend)
            failed.Add(backend);

        failed.ShouldBe(table.Backends, ignoreOrder: true);
    }

    [Fact]
    public void Table_OfWeightsAndStates_HasSlotsForReadyOnesByWeight()
    {
        var service = Service(HashOn.Flow);
        var states = service.Backends.Select((backend, i) => new BackendStatus(backend, i == 0 ? EndpointState.Drain : EndpointState.Ready)).ToImmutableArray();
        var table = new RelayTable(service, states, [.. service.Backends.Select(backend => new RelayBackend(backend.Address, backend.Port))], 0);

        table.Ready.ShouldBe(2);
        table.Slots[0].ShouldBe(0);
        table.Slots.Sum().ShouldBe(service.TableSize);
        ((double)table.Slots[2] / table.Slots[1]).ShouldBe(3, 0.01);
    }

    private static ServiceConfig Service(HashOn hash) => new()
    {
        Name = "s",
        Listen = new ServiceAddress(TransportProtocol.Tcp, Vip.Address, Vip.Port, Vip.Port),
        Forwarding = Forwarding.Nat,
        Hash = hash,
        Backends =
        [
            new BackendConfig { Address = IPAddress.Parse("10.0.0.1"), Port = 8443 }, new BackendConfig { Address = IPAddress.Parse("10.0.0.2") },
            new BackendConfig { Address = IPAddress.Parse("10.0.0.3"), Weight = 3 },
        ],
    };

    private static RelayTable Table(ServiceConfig service, ulong seed) => new(
        service,
        [.. service.Backends.Select(backend => new BackendStatus(backend, EndpointState.Ready))],
        [.. service.Backends.Select(backend => new RelayBackend(backend.Address, backend.Port))],
        seed);
}
