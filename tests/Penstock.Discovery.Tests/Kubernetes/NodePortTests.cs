// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;
using Penstock.Model.L7;
using static Penstock.Discovery.Tests.Kubernetes.Recorded;

namespace Penstock.Discovery.Tests.Kubernetes;

/// <summary>Services reached by the nodes.</summary>
public sealed class NodePortTests : IAsyncLifetime
{
    private readonly string _state = Directory.CreateTempSubdirectory("penstock-kubernetes-").FullName;
    private readonly FakeApiServer _server = new();

    public Task InitializeAsync()
    {
        _server.Put(Nodes, "n1", Node("n1", "192.0.2.1"));
        _server.Put(Nodes, "n2", Node("n2", "192.0.2.2"));
        _server.Put(Nodes, "n3", Node("n3", "192.0.2.3", ready: false));
        _server.Put(Nodes, "n4", Node("n4", "192.0.2.4", labels: ",\"node.kubernetes.io/exclude-from-external-load-balancers\":\"\""));
        _server.Put(Nodes, "n5", Node("n5", "192.0.2.5", taints: """[{"key":"ToBeDeletedByClusterAutoscaler","value":"1","effect":"NoSchedule"}]"""));
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1"), Pod("10.1.0.2"), Pod("10.1.0.3", ready: false, node: "n2")));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task PolicyCluster_EveryReadyNode_TakesRequestsAndOthersDrain()
    {
        _server.Put(Services, "istio-ingressgateway", Service("Cluster"));
        await using var source = Start();

        await source.UntilItHasAsync("192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.5");
        source.Endpoints.Select(endpoint => (endpoint.Address.Port, endpoint.State, endpoint.Weight)).ShouldBe(
            [(30080, EndpointState.Ready, 1), (30080, EndpointState.Ready, 1), (30080, EndpointState.Drain, 1), (30080, EndpointState.Drain, 1)]);
        source.Endpoints.Select(endpoint => endpoint.Reason).ShouldBe(["", "", "its node is not ready", "its node is cordoned, or about to be removed"]);
    }

    [Fact]
    public async Task Nodes_CordonedOrNotReadyOrDeleted_AreDrainedAndUsedWhereEveryOneIs()
    {
        _server.Put(Services, "istio-ingressgateway", Service("Cluster"));
        await using var source = Start();
        await source.UntilItHasAsync("192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.5");
        await source.UntilAsync(() => _server.Watches == 3);

        _server.Put(Nodes, "n1", Node("n1", "192.0.2.1", cordoned: true));
        await source.UntilAsync(() => source.Endpoints[0].State == EndpointState.Drain);
        source.Endpoints.Select(endpoint => endpoint.State).ShouldBe([EndpointState.Drain, EndpointState.Ready, EndpointState.Drain, EndpointState.Drain]);
        _server.Put(Nodes, "n2", Node("n2", "192.0.2.2", ready: false));

        await source.UntilAsync(() => source.Endpoints.All(endpoint => endpoint.State == EndpointState.Ready));
        source.Endpoints[0].Reason.ShouldBe("its node is cordoned, or about to be removed; used since no other is ready");
        source.Endpoints.Length.ShouldBe(4);
    }

    [Fact]
    public async Task PolicyLocal_CordonedNodeWithPods_IsDrainedAndOneWithoutIsNone()
    {
        _server.Put(Services, "istio-ingressgateway", Service("Local"));
        _server.Put(Nodes, "n1", Node("n1", "192.0.2.1", cordoned: true));
        _server.Put(Slices, "gw-b", Slice("gw-b", Pod("10.1.0.4", node: "n2")));
        await using var source = Start();

        await source.UntilItHasAsync("192.0.2.1 192.0.2.2");
        source.Endpoints.Select(endpoint => (endpoint.State, endpoint.Weight)).ShouldBe([(EndpointState.Drain, 2), (EndpointState.Ready, 1)]);
    }

    [Fact]
    public async Task PolicyLocal_NodesWithPods_TakeRequestsByTheirNumber()
    {
        _server.Put(Services, "istio-ingressgateway", Service("Local"));
        await using var source = Start();

        await source.UntilItHasAsync("192.0.2.1 192.0.2.2");
        source.Endpoints.Select(endpoint => (endpoint.State, endpoint.Weight)).ShouldBe([(EndpointState.Ready, 2), (EndpointState.Drain, 1)]);
        await source.UntilAsync(() => _server.Watches == 3);

        _server.Put(Slices, "gw-b", Slice("gw-b", Pod("10.1.0.4", node: "n2")));
        await source.UntilAsync(() => source.Endpoints is [_, { State: EndpointState.Ready, Weight: 1 }]);
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.4", node: "n2")));
        await source.UntilItHasAsync("192.0.2.2");
    }

    [Fact]
    public async Task Nodes_ThatChange_AreFollowed()
    {
        _server.Put(Services, "istio-ingressgateway", Service("Cluster"));
        await using var source = Start();
        await source.UntilItHasAsync("192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.5");
        await source.UntilAsync(() => _server.Watches == 3);

        _server.Put(Nodes, "n3", Node("n3", "192.0.2.3"));
        await source.UntilAsync(() => source.Endpoints[2].State == EndpointState.Ready);
        _server.Delete(Nodes, "n5", Node("n5", "192.0.2.5"));
        await source.UntilItHasAsync("192.0.2.1 192.0.2.2 192.0.2.3");
        _server.Put(Services, "istio-ingressgateway", Service("Cluster", nodePort: 31080));

        await source.UntilAsync(() => source.Endpoints.All(endpoint => endpoint.Address.Port == 31080));
    }

    [Fact]
    public async Task Service_ThatIsGoneOrHasNoNodePort_IsWarnedOf()
    {
        await using var source = Start();
        await source.UntilAsync(() => source.Warnings.Any(warning => warning.EndsWith("there is no such Service", StringComparison.Ordinal)));
        await source.UntilAsync(() => _server.Watches == 3);

        _server.Put(Services, "istio-ingressgateway", Service("Cluster", nodePort: 0));

        await source.UntilAsync(() => source.Warnings.Any(warning => warning.EndsWith("the Service has no node port for http2; it has status-port, http2", StringComparison.Ordinal)));
        source.Endpoints.ShouldBeEmpty();
    }

    [Fact]
    public async Task ExternalNodes_ByTheirExternalAddresses_AreEachOnce()
    {
        _server.Put(Services, "istio-ingressgateway", Service("Cluster"));
        await using var source = SourceUnderTest.Of(_state, _server, SourceUnderTest.Gateway with { Via = KubernetesVia.ExternalNodes });

        await source.UntilItHasAsync("203.0.113.9");
    }

    [Theory]
    [InlineData("\"ipFamilies\":[\"IPv6\"],", KubernetesFamily.PreferIpv4, "2001:db8::1 2001:db8::2")]
    [InlineData("\"clusterIP\":\"2001:db8:f::1\",", KubernetesFamily.PreferIpv4, "2001:db8::1 2001:db8::2")]
    [InlineData("\"ipFamilies\":[\"IPv6\",\"IPv4\"],\"clusterIP\":\"2001:db8:f::1\",", KubernetesFamily.PreferIpv4, "192.0.2.1 192.0.2.2")]
    [InlineData("\"ipFamilies\":[\"IPv4\",\"IPv6\"],", KubernetesFamily.Ipv6, "2001:db8::1 2001:db8::2")]
    [InlineData("\"ipFamilies\":[\"IPv4\",\"IPv6\"],", KubernetesFamily.Any, "192.0.2.1 2001:db8::1 192.0.2.2 2001:db8::2")]
    [InlineData("\"ipFamilies\":[\"IPv4\"],", KubernetesFamily.Any, "192.0.2.1 192.0.2.2")]
    [InlineData("", KubernetesFamily.PreferIpv4, "192.0.2.1 192.0.2.2")]
    public async Task DualStackNodes_AreReachedByTheFamiliesOfTheService(string families, KubernetesFamily family, string addresses)
    {
        PutDualStack();
        _server.Put(Services, "istio-ingressgateway", Service("Cluster", families: families));
        await using var source = SourceUnderTest.Of(_state, _server, SourceUnderTest.Gateway with { Via = KubernetesVia.Nodes, Family = family });

        await source.UntilItHasAsync(addresses);
        source.Warnings.ShouldBeEmpty();
    }

    [Fact]
    public async Task DualStackNodes_WithPolicyLocal_CountPodsOfEachFamily()
    {
        PutDualStack();
        _server.Put(Services, "istio-ingressgateway", Service("Local", families: "\"ipFamilies\":[\"IPv4\",\"IPv6\"],"));
        _server.Put(Slices, "gw-six", SliceOf("gw-six", "IPv6", """[{"name":"http2","protocol":"TCP","port":8080}]""", Pod("2001:db8:1::1"), Pod("2001:db8:1::2"), Pod("2001:db8:1::4", node: "n2")));
        await using var source = SourceUnderTest.Of(_state, _server, SourceUnderTest.Gateway with { Via = KubernetesVia.Nodes, Family = KubernetesFamily.Any });

        await source.UntilItHasAsync("192.0.2.1 2001:db8::1 192.0.2.2 2001:db8::2");
        source.Endpoints.Select(endpoint => (endpoint.State, endpoint.Weight)).ShouldBe(
            [(EndpointState.Ready, 2), (EndpointState.Ready, 2), (EndpointState.Drain, 1), (EndpointState.Ready, 1)]);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.1.1")]
    [InlineData("fe80::1")]
    [InlineData("nothing")]
    public async Task Node_WithAnAddressThatCantBeUsed_TakesNoOtherNodeAway(string address)
    {
        _server.Put(Services, "istio-ingressgateway", Service("Cluster"));
        _server.Put(Nodes, "n1", Node("n1", address));
        _server.Put(Nodes, "n2", Node("n2", address, more: """{"type":"InternalIP","address":"192.0.2.2"},"""));
        await using var source = Start();

        await source.UntilItHasAsync("192.0.2.2 192.0.2.3 192.0.2.5");
        source.Warnings.ShouldHaveSingleItem().ShouldEndWith("node n1 has an address of type InternalIP that is none, or of the node itself, or of a link: such are passed over");
    }

    // Nodes n1 and n2 alone, IPv4 before IPv6.
    private void PutDualStack()
    {
        foreach (var name in new[] { "n3", "n4", "n5" })
            _server.Delete(Nodes, name, Node(name, "192.0.2.3"));
        foreach (var number in new[] { 1, 2 })
            _server.Put(Nodes, $"n{number}", Node($"n{number}", $"192.0.2.{number}", more: $$"""{"type":"InternalIP","address":"2001:db8::{{number}}"},"""));
    }

    private SourceUnderTest Start() => SourceUnderTest.Of(_state, _server, SourceUnderTest.Gateway with { Via = KubernetesVia.Nodes });
}
