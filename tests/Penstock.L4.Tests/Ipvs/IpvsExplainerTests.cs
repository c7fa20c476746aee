// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.L4.Ipvs;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Ipvs;

public sealed class IpvsExplainerTests : IDisposable
{
    private static readonly BackendConfig s_backend = new() { Address = IPAddress.Parse("10.0.0.11") };
    private readonly string _list = Path.GetTempFileName();

    public void Dispose() => File.Delete(_list);

    [Fact]
    public void Explain_ConnectionThatIsKnown_NamesItsBackend()
    {
        File.WriteAllText(_list, "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\nTCP C6336402 9C40 CB00710A 0050 0A00000B 0050 ESTABLISHED     899\n");

        Explain(_list).ShouldBe(new PacketExplanation("web", "10.0.0.11:80", "the kernel knows the connection (ESTABLISHED)", "", "sent by dsr-ipip"));
    }

    [Fact]
    public void Explain_ListThatCannotBeRead_SaysSoAndTheRest()
    {
        var why = Explain(_list + ".none").Why;

        why.ShouldStartWith("a new connection: scheduler mh chooses among 1 ready backends when it comes; whether the kernel knows the connection can't be read: ");
    }

    private static PacketExplanation Explain(string list)
    {
        var service = IpvsPlannerTests.Web(s_backend);
        var snapshot = new Snapshot(1, new ApplianceConfig { Node = "lb1", L4 = new L4Config { Engine = L4Engine.Ipvs, Services = [service] } }, ImmutableDictionary<string, ClusterEndpoints>.Empty)
        {
            Services = ImmutableDictionary<string, ImmutableArray<BackendStatus>>.Empty.Add("web", [new BackendStatus(s_backend, EndpointState.Ready)]),
        };
        return IpvsExplainer.Explain(snapshot, IPEndPoint.Parse("198.51.100.2:40000"), IPEndPoint.Parse("203.0.113.10:80"), TransportProtocol.Tcp, list);
    }
}
