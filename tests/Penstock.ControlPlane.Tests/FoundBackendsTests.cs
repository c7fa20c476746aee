// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.L7;

namespace Penstock.ControlPlane.Tests;

public sealed class FoundBackendsTests
{
    [Fact]
    public void Of_Nat_ReachesEachAtThePortThatWasFound()
    {
        var (backends, trouble) = Of(Service(Forwarding.Nat), L4Engine.Xdp, At("10.1.0.1:8080"), At("10.1.0.1:8081"), At("10.1.0.2:8080") with { State = EndpointState.Drain, Reason = "ends", Weight = 7, Priority = 2 });

        trouble.ShouldBeNull();
        backends.Select(backend => (backend.Config.Address.ToString(), backend.Config.Port, backend.Config.Weight, backend.Config.State, backend.Priority)).ShouldBe([
            ("10.1.0.1", (int?)8080, 1, BackendState.Ready, 0), ("10.1.0.1", (int?)8081, 1, BackendState.Ready, 0), ("10.1.0.2", (int?)8080, 7, BackendState.Drain, 2)]);
        backends[2].Reason.ShouldBe("ends");
    }

    [Theory]
    [InlineData(Forwarding.DsrIpip)]
    [InlineData(Forwarding.DsrGue)]
    [InlineData(Forwarding.DsrL2)]
    public void Of_Dsr_LeavesOutWhatListensAtAnotherPort(Forwarding forwarding)
    {
        var (backends, trouble) = Of(Service(forwarding), L4Engine.Xdp, At("10.1.0.1:80"), At("10.1.0.2:8080"), At("10.1.0.3:8080"), At("10.1.0.4:8080"), At("10.1.0.5:8080"));

        backends.ShouldHaveSingleItem().Config.ShouldBe(new BackendConfig { Address = IPAddress.Parse("10.1.0.1") });
        trouble.ShouldNotBeNull().ShouldStartWith("service s: 4 of 5 endpoints are left out (10.1.0.2:8080, 10.1.0.3:8080, 10.1.0.4:8080, ...): they listen at port 8080");
    }

    [Fact]
    public void Of_DsrWithARange_TakesPortsWithinIt() =>
        Of(Service(Forwarding.DsrIpip) with { Listen = new ServiceAddress(TransportProtocol.Tcp, s_vip, 80, 90) }, L4Engine.Xdp, At("10.1.0.1:85")).Backends.ShouldHaveSingleItem().Config.Port.ShouldBeNull();

    [Fact]
    public void Of_BothFamilies_AreTheSamePodsAndCountOnce()
    {
        var (backends, trouble) = Of(Service(Forwarding.Nat), L4Engine.Ipvs, At("[2001:db8::1]:8080"), At("10.1.0.1:8080"));

        trouble.ShouldBeNull();
        backends.ShouldHaveSingleItem().Config.Address.ShouldBe(IPAddress.Parse("10.1.0.1"));
    }

    [Theory]
    [InlineData(L4Engine.Xdp, 0)]
    [InlineData(L4Engine.Ipvs, 0)]
    [InlineData(L4Engine.Userspace, 1)]
    public void Of_OtherFamilyAlone_IsForRelaysOnly(L4Engine engine, int count)
    {
        var (backends, trouble) = Of(Service(Forwarding.Nat), engine, At("[2001:db8::1]:8080"));

        backends.Length.ShouldBe(count);
        (trouble is null).ShouldBe(count == 1);
    }

    [Fact]
    public void Of_TheServicesOwnAddress_IsLeftOut() => Of(Service(Forwarding.Nat), L4Engine.Xdp, At("203.0.113.10:80")).Trouble.ShouldNotBeNull().ShouldEndWith("it is the service's own address");

    [Fact]
    public void Of_MoreThanTheTableHasSlots_LeavesOutTheRest()
    {
        var (backends, trouble) = Of(Service(Forwarding.Nat) with { TableSize = 3 }, L4Engine.Xdp, [.. Enumerable.Range(1, 5).Select(i => At(string.Create(CultureInfo.InvariantCulture, $"10.1.0.{i}:80")))]);

        backends.Length.ShouldBe(3);
        trouble.ShouldNotBeNull().ShouldContain("2 of 5 endpoints are left out");
    }

    [Fact]
    public void Fill_ServicesWithDiscovery_HaveWhatWasFoundAndOthersStay()
    {
        var listed = new ServiceConfig { Name = "listed", Listen = new ServiceAddress(TransportProtocol.Tcp, s_vip, 81, 81), Forwarding = Forwarding.Nat, Backends = [new BackendConfig { Address = IPAddress.Loopback }] };
        var config = new L4Config { Services = [listed, Service(Forwarding.Nat)] };

        var filled = FoundBackends.Fill(config, _ => [At("10.1.0.1:8080")]);

        filled.Services[0].ShouldBeSameAs(listed);
        filled.Services[1].Backends.ShouldHaveSingleItem().Port.ShouldBe(8080);
        var without = new L4Config { Services = [listed] };
        FoundBackends.Fill(without, _ => []).ShouldBeSameAs(without);
    }

    private static readonly IPAddress s_vip = IPAddress.Parse("203.0.113.10");

    private static (ImmutableArray<FoundBackend> Backends, string? Trouble) Of(ServiceConfig service, L4Engine engine, params Endpoint[] endpoints)
    {
        var (backends, _, trouble) = FoundBackends.Of(service, engine, [.. endpoints]);
        return (backends, trouble);
    }

    private static Endpoint At(string text)
    {
        var at = IPEndPoint.Parse(text);
        return new Endpoint(SocketEndpoint.Ip(at.Address, at.Port), Weight: 1, EndpointState.Ready);
    }

    private static ServiceConfig Service(Forwarding forwarding) => new()
    {
        Name = "s",
        Listen = new ServiceAddress(TransportProtocol.Tcp, s_vip, 80, 80),
        Forwarding = forwarding,
        Discovery = new DiscoveryConfig { Kubernetes = [new KubernetesDiscoveryConfig { Service = "a/b" }] },
    };
}
