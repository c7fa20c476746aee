// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.ControlPlane.Overrides;
using Penstock.Daemon.Running;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.Daemon.Tests.Running;

public sealed class OverrideTargetTests
{
    private static readonly Snapshot s_running = new(
        1,
        new ApplianceConfig
        {
            Node = "lb",
            L4 = new L4Config
            {
                Services =
                [
                    Service("web", new BackendConfig { Address = IPAddress.Parse("10.0.0.11") }, new BackendConfig { Address = IPAddress.Parse("2001:db8::1"), State = BackendState.Drain }),
                    Service("nat", new BackendConfig { Address = IPAddress.Parse("10.0.0.11"), Port = 8080 }, new BackendConfig { Address = IPAddress.Parse("10.0.0.11"), Port = 8081 }, new BackendConfig { Address = IPAddress.Parse("10.0.0.12"), Port = 8080 }),
                ],
            },
        },
        ImmutableDictionary<string, ClusterEndpoints>.Empty);

    [Theory]
    [InlineData("web/10.0.0.11", "10.0.0.11", BackendState.Ready)]
    [InlineData("web/10.0.0.11:80", "10.0.0.11", BackendState.Ready)]
    [InlineData("web/2001:DB8:0::1", "2001:db8::1", BackendState.Drain)]
    [InlineData("web/[2001:db8::1]:80", "2001:db8::1", BackendState.Drain)]
    [InlineData("nat/10.0.0.11:8081", "10.0.0.11:8081", BackendState.Ready)]
    [InlineData("nat/10.0.0.12", "10.0.0.12:8080", BackendState.Ready)]
    public void Find_OfABackend_TakesEachOfItsNames(string text, string address, BackendState configured)
    {
        OverrideTarget.Find(OverrideKind.Backend, text, s_running, out var trouble).ShouldBe(new OverrideTarget(OverrideKind.Backend, text.Split('/')[0], address, configured));
        trouble.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("wbe/10.0.0.11", "no service is called 'wbe': did you mean 'web'?")]
    [InlineData("web", "--backend takes SERVICE/ADDRESS, not 'web'")]
    [InlineData("web/10.0.0.11:81", "service web has no backend 10.0.0.11:81: did you mean '10.0.0.11'?")]
    [InlineData("web/[2001:db8::1]:81", "service web has no backend [2001:db8::1]:81: did you mean '2001:db8::1'?")]
    [InlineData("nat/10.0.0.11", "service nat has several backends at 10.0.0.11: 10.0.0.11:8080, 10.0.0.11:8081")]
    public void Find_OfWhatIsNotThere_SaysWhatIs(string text, string message)
    {
        OverrideTarget.Find(OverrideKind.Backend, text, s_running, out var trouble).ShouldBeNull();
        trouble.ShouldBe(message);
    }

    private static ServiceConfig Service(string name, params BackendConfig[] backends) => new()
    {
        Name = name,
        Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80),
        Forwarding = Forwarding.Nat,
        Backends = [.. backends],
    };
}
