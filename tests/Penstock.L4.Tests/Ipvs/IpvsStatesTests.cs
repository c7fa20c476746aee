// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Ipvs;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Ipvs;

public sealed class IpvsStatesTests
{
    private static readonly BackendConfig s_first = new() { Address = IPAddress.Parse("10.0.0.1") };
    private static readonly BackendConfig s_second = new() { Address = IPAddress.Parse("10.0.0.2") };

    [Fact]
    public void Down_BackendThatTheKernelLacks_IsIt() =>
        Down(IpvsPlannerTests.Want(EndpointState.Ready, IpvsPlannerTests.Web(s_first)), isOwned: true).ShouldBe(["10.0.0.2"]);

    [Fact]
    public void Down_BackendInDrain_IsNot() => Down(IpvsPlannerTests.Want(EndpointState.Drain, IpvsPlannerTests.Web(s_first, s_second)), isOwned: true).ShouldBeEmpty();

    [Fact]
    public void Down_BackendsThatAreAllNew_AreNot() =>
        Down(IpvsPlannerTests.Want(EndpointState.Ready, IpvsPlannerTests.Web(new BackendConfig { Address = IPAddress.Parse("10.0.0.3") })), isOwned: true).ShouldBeEmpty();

    [Fact]
    public void Down_ServiceOfAnother_SaysNothing() => Down(IpvsPlannerTests.Want(EndpointState.Ready, IpvsPlannerTests.Web(s_first)), isOwned: false).ShouldBeEmpty();

    [Fact]
    public void Down_ServiceThatIsNew_SaysNothing() => Down(new IpvsTable(), isOwned: true).ShouldBeEmpty();

    private static string[] Down(IpvsTable held, bool isOwned)
    {
        var service = IpvsPlannerTests.Web(s_first, s_second);
        var config = new L4Config { Engine = L4Engine.Ipvs, Services = [service] };
        return [.. IpvsStates.Down(config, held, isOwned ? new HashSet<string> { IpvsPlanner.Key(service).ToString() } : []).Select(one => one.Backend.Address.ToString())];
    }
}
