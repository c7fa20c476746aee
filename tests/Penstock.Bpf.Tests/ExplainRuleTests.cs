// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>What is said of a packet that a rule of its service, or its source address, decides on.</summary>
public sealed class ExplainRuleTests
{
    private const string Client = "198.51.100.7", Vip4 = "203.0.113.10", Vip6 = "2001:db8::10";

    [BpfTheory]
    [InlineData("127.0.0.1", Vip4, true)]
    [InlineData("0.1.2.3", Vip4, true)]
    [InlineData("224.0.0.1", Vip4, true)]
    [InlineData(Vip4, Vip4, true)]
    [InlineData("223.255.255.255", Vip4, false)]
    [InlineData("::", Vip6, true)]
    [InlineData("::1", Vip6, true)]
    [InlineData("ff02::1", Vip6, true)]
    [InlineData(Vip6, Vip6, true)]
    [InlineData("::2", Vip6, false)]
    public void Martian_ByNat_IsSaidToBeDropped(string client, string vip, bool isMartian)
    {
        using var plane = new DataPlane();
        plane.AddService(vip, 80, Tcp6, Layout.ForwardingKind.Nat, [vip == Vip4 ? "10.0.0.11" : "fd00::11"], service => service with { Flags = Layout.ServiceFlags.Nat });

        (ExplainTests.Explain(plane, vip, client: client).Becomes == "dropped: martian").ShouldBe(isMartian);
        plane.Run(In(Tcp(client, 1234, vip, 80, Syn))).Verdict.ShouldBe(isMartian ? XdpVerdict.Drop : XdpVerdict.Transmit);
    }

    [BpfTheory]
    [InlineData(Layout.EmptyKind.Drop, Client, "dropped: no_backend", XdpVerdict.Drop)]
    [InlineData(Layout.EmptyKind.Reject, Client, "answered with a reset", XdpVerdict.Transmit)]
    [InlineData(Layout.EmptyKind.Reject, "127.0.0.1", "dropped: martian", XdpVerdict.Drop)]
    [InlineData(Layout.EmptyKind.Pass, Client, "passed up this host's stack, unchanged", XdpVerdict.Pass)]
    [InlineData(Layout.EmptyKind.Pass, "127.0.0.1", "passed up this host's stack, unchanged", XdpVerdict.Pass)]
    internal void Service_WithoutBackends_IsSaidToDoAsItsEmptySays(Layout.EmptyKind empty, string client, string becomes, XdpVerdict verdict)
    {
        using var plane = new DataPlane();
        plane.AddService(Vip4, 80, Tcp6, Layout.ForwardingKind.Ipip, [], service => service with { EmptyAction = (byte)empty });

        ExplainTests.Explain(plane, Vip4, client: client).ShouldSatisfyAllConditions(said => said.Why.ShouldBe("no backend is ready"), said => said.Becomes.ShouldBe(becomes));
        plane.Run(In(Tcp(client, 1234, Vip4, 80, Syn))).Verdict.ShouldBe(verdict);
    }

    [BpfTheory]
    [InlineData(Layout.StateKind.Ready, "10.0.0.99")]
    [InlineData(Layout.StateKind.Drain, "10.0.0.11")]
    internal void Override_OfTheClient_IsSaidToNameTheBackendWhileItIsReady(Layout.StateKind state, string backend)
    {
        using var plane = new DataPlane();
        plane.AddService(Vip4, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"], service => service with { Flags = Layout.ServiceFlags.Overrides });
        var special = plane.AddBackend(1, "10.0.0.99", Layout.ForwardingKind.Ipip, value => value with { State = state });
        plane.Map("source_overrides").Update(Layout.SourceKey.Of(1, IPNetwork.Parse("198.51.100.0/24")), special);

        var said = ExplainTests.Explain(plane, Vip4);

        said.Backend.ShouldBe(backend);
        said.Why.StartsWith("an override names it", StringComparison.Ordinal).ShouldBe(state == Layout.StateKind.Ready);
        ExplainTests.Explain(plane, Vip4, client: "192.0.2.9").Backend.ShouldBe("10.0.0.11");
        plane.Run(In(Tcp(Client, 1234, Vip4, 80, Syn)));
        plane.Counters(special).Packets.ShouldBe(state == Layout.StateKind.Ready ? 1UL : 0UL);
    }

    [BpfFact]
    public void Service_OfARange_IsSaidToTakeItsPorts()
    {
        using var plane = new DataPlane();
        plane.AddVip(Vip4, new Layout.Vip { Flags = Layout.VipFlags.Ranges | Layout.VipFlags.Closed });
        plane.Map("service_ranges").Update(Layout.RangeKey.Of(IPAddress.Parse(Vip4), Tcp6, new PortPrefix(8080, 13)), plane.NewService(Layout.ForwardingKind.Ipip, ["10.0.0.11"])); // 8080 to 8087

        ExplainTests.Explain(plane, Vip4, toPort: 8087).Backend.ShouldBe("10.0.0.11");
        ExplainTests.Explain(plane, Vip4, toPort: 8088).Becomes.ShouldBe("dropped: no_service");
    }

    [BpfTheory]
    [InlineData(Layout.ServiceFlags.Block, "source_blocked", "source_blocked", "")]
    [InlineData(Layout.ServiceFlags.Allow, "", "source_not_allowed", "source_not_allowed")]
    internal void List_OfTheService_IsSaidToStopWhatTheProgramStops(Layout.ServiceFlags flags, string allowed, string blocked, string other)
    {
        using var plane = new DataPlane();
        plane.AddService(Vip4, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"], service => service with { Flags = flags });
        var verdict = flags == Layout.ServiceFlags.Block ? Layout.SourceVerdict.Block : Layout.SourceVerdict.Allow;
        plane.Map("source_lists").Update(Layout.SourceKey.Of(1, IPNetwork.Parse("198.51.100.0/24")), verdict);
        plane.Map("source_lists").Update(Layout.SourceKey.Of(1, IPNetwork.Parse("198.51.100.7/32")), Layout.SourceVerdict.Block);

        foreach (var (client, reason) in new[] { ("198.51.100.8", allowed), (Client, blocked), ("192.0.2.9", other) })
        {
            ExplainTests.Explain(plane, Vip4, client: client).Becomes.StartsWith("dropped: " + reason, StringComparison.Ordinal).ShouldBe(reason.Length > 0, client);
            plane.Run(In(Tcp(client, 1234, Vip4, 80))).Verdict.ShouldBe(reason.Length > 0 ? XdpVerdict.Drop : XdpVerdict.Transmit, client);
        }
    }
}
