// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using Penstock.Model;
using Penstock.Model.L7;
using static Penstock.Discovery.Tests.Kubernetes.Recorded;

namespace Penstock.Discovery.Tests.Kubernetes;

/// <summary>What comes of what API servers say, faults among it.</summary>
public sealed class KubernetesSourceTests : IAsyncLifetime
{
    private readonly string _state = Directory.CreateTempSubdirectory("penstock-kubernetes-").FullName;
    private readonly FakeApiServer _server = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task List_InPages_IsOneListByAddress()
    {
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.10"), Pod("10.1.0.9", zone: "b")));
        _server.Put(Slices, "gw-b", Slice("gw-b", Pod("10.1.0.3", ready: false), Pod("10.1.0.4", ready: false, serving: false)));
        _server.Put(Slices, "gw-c", SliceOf("gw-c", "IPv6", """[{"name":"http2","port":8080}]""", Pod("2001:db8::1")));
        await using var source = SourceUnderTest.Of(_state, _server, SourceUnderTest.Gateway with { Family = KubernetesFamily.Any }, limits: SourceUnderTest.Limits with { PageObjects = 1 });

        await source.UntilItHasAsync("10.1.0.9 10.1.0.10 10.1.0.3 2001:db8::1");
        source.Found.Count.ShouldBe(1);
        source.Endpoints.Select(endpoint => (endpoint.Address.Port, endpoint.State, endpoint.Zone)).ShouldBe(
            [(8080, EndpointState.Ready, "b"), (8080, EndpointState.Ready, "a"), (8080, EndpointState.Drain, "a"), (8080, EndpointState.Ready, "a")]);
        var list = _server.Requests.First();
        list.Path.ShouldBe("/apis/discovery.k8s.io/v1/namespaces/istio-system/endpointslices");
        list.Query["labelSelector"].ShouldBe("kubernetes.io/service-name=istio-ingressgateway");
        list.Authorization.ShouldBe("Bearer secret");
    }

    [Fact]
    public async Task Watch_Events_AreFollowed()
    {
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        await using var source = await WatchingAsync("10.1.0.1");

        _server.Put(Slices, "gw-b", Slice("gw-b", Pod("10.1.0.2")));
        await source.UntilItHasAsync("10.1.0.1 10.1.0.2");
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.5")));
        await source.UntilItHasAsync("10.1.0.5 10.1.0.2");
        _server.Delete(Slices, "gw-b", Slice("gw-b"));
        await source.UntilItHasAsync("10.1.0.5");
        _server.Delete(Slices, "gw-a", Slice("gw-a"));

        await source.UntilItHasAsync("");
        _server.Lists().ShouldBe(1);
        source.Warnings.ShouldBeEmpty();
    }

    [Fact]
    public async Task Watch_CutWithinAnEvent_GoesOnFromItsVersion()
    {
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        await using var source = await WatchingAsync("10.1.0.1");
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.2")));
        await source.UntilItHasAsync("10.1.0.2");
        var version = _server.Version;
        var before = _server.Requests.Count;

        _server.Say(Slices, """{"type":"MODIFIED","object":{"metadata":{"name":"gw-a",""");
        _server.Cut(Slices);

        await source.UntilAsync(() => _server.Requests.Count > before && _server.Watches == 1);
        _server.Requests.Last().Query["resourceVersion"].ShouldBe($"{version}");
        _server.Lists().ShouldBe(1);
        source.Addresses.ShouldBe("10.1.0.2");
        await source.UntilAsync(() => source.Warnings.Count == 0);
    }

    [Fact]
    public async Task Watch_Bookmark_IsWhereTheNextOneBegins()
    {
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        await using var source = await WatchingAsync("10.1.0.1");
        var before = _server.Requests.Count;

        _server.Say(Slices, Bookmark(4711));
        _server.End(Slices);

        await source.UntilAsync(() => _server.Requests.Count > before);
        _server.Requests.Last().Query["resourceVersion"].ShouldBe("4711");
        source.Found.Count.ShouldBe(1);
    }

    public static TheoryData<string> Nonsense { get; } = new()
    {
        Expired,
        Expired.Replace("410", "500", StringComparison.Ordinal),
        Expired.Replace("410", "504", StringComparison.Ordinal),
        "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"status\":\"Failure\"}}\n",
        "{\"type\":\"MODIFIED\",\"object\":" + Slice("gw-a", Pod("10.1.0.7")).Replace("VERSION", "7", StringComparison.Ordinal) + "}\n",
        "{\"type\":\"MODIFIED\",\"object\":" + Slice("gw-a", Pod("127.0.0.1")).Replace("VERSION", "5000", StringComparison.Ordinal) + "}\n",
        "{\"type\":\"RENAMED\",\"object\":{}}\n",
        "{\"type\":\"BOOKMARK\"}\n",
        "<html>\n",
        "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"message\":\"gone\"}}{}\n",
    };

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task Watch_EndedByAnErrorOrBehindOrNoEvent_IsListedAnew(string said)
    {
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        await using var source = await WatchingAsync("10.1.0.1");

        _server.PutUntold(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.2")));
        _server.Say(Slices, said);

        await source.UntilItHasAsync("10.1.0.2");
        source.Found.Count.ShouldBe(2);
        await source.UntilAsync(() => source.Warnings.Count == 0);
    }

    [Fact]
    public async Task Watch_RefusedAsGone_IsListedAnew()
    {
        var refused = 0;
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        _server.Fault = async (request, reply, stop) =>
        {
            if (!request.IsWatch || Interlocked.Increment(ref refused) > 1)
                return false;
            await reply.SendAsync(410, """{"kind":"Status","code":410,"message":"too old"}""", stop);
            return true;
        };
        await using var source = await WatchingAsync("10.1.0.1");

        _server.Lists().ShouldBe(2);
        source.Found.Count.ShouldBe(1);
    }

    [Fact]
    public async Task List_PagesOfAForgottenVersion_IsAskedForInOne()
    {
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        _server.Put(Slices, "gw-b", Slice("gw-b", Pod("10.1.0.2")));
        _server.Fault = async (request, reply, stop) =>
        {
            if (!request.Query.ContainsKey("continue"))
                return false;
            await reply.SendAsync(410, """{"kind":"Status","code":410,"message":"The provided continue parameter is too old"}""", stop);
            return true;
        };
        await using var source = SourceUnderTest.Of(_state, _server, limits: SourceUnderTest.Limits with { PageObjects = 1 });

        await source.UntilItHasAsync("10.1.0.1 10.1.0.2");
    }

    [Fact]
    public async Task Server_WithoutV1_IsAskedForV1Beta1()
    {
        _server.Has = "/v1beta1/";
        _server.Put(Slices, "gw-a", SliceOf("gw-a", "IPv4", """[{"name":"http2","protocol":"TCP","port":8080}]""", OldPod("10.1.0.1", "c")));
        await using var source = await WatchingAsync("10.1.0.1");

        source.Endpoints.ShouldHaveSingleItem().Zone.ShouldBe("c");
        _server.Requests.Last().Path.ShouldBe("/apis/discovery.k8s.io/v1beta1/namespaces/istio-system/endpointslices");
    }

    [Fact]
    public async Task List_ThatTrickles_IsGivenUpAndTriedAgain()
    {
        var slow = 0;
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        _server.Fault = async (request, reply, stop) =>
        {
            if (request.IsWatch || Interlocked.Increment(ref slow) > 1)
                return false;
            await reply.BeginAsync(stop);
            await reply.SendPieceAsync("{\"kind\":", stop);
            await Task.Delay(Timeout.Infinite, stop);
            return true;
        };
        await using var source = SourceUnderTest.Of(_state, _server, limits: SourceUnderTest.Limits with { Answer = TimeSpan.FromMilliseconds(500) });

        await source.UntilItHasAsync("10.1.0.1");
        source.Logger.Messages.ShouldContain(message => message.Text.Contains("no answer within 0.5 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Server_ThatRefuses_LeavesEndpointsAndIsWarnedOf()
    {
        var isOpen = true;
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        _server.Fault = async (_, reply, stop) =>
        {
            if (Volatile.Read(ref isOpen))
                return false;
            await reply.SendAsync(403, """{"kind":"Status","code":403,"message":"endpointslices is forbidden"}""", stop);
            return true;
        };
        await using var source = await WatchingAsync("10.1.0.1");

        Volatile.Write(ref isOpen, false);
        _server.Cut(Slices);
        await source.UntilAsync(() => source.Warnings.Any(warning => warning.Contains("it answers 403: endpointslices is forbidden", StringComparison.Ordinal)));
        source.Warnings[0].ShouldStartWith("cluster mesh: istio-system/istio-ingressgateway: EndpointSlices can't be watched: ");
        source.Warnings[0].ShouldContain("its 1 endpoints of ");
        source.Addresses.ShouldBe("10.1.0.1");
        Volatile.Write(ref isOpen, true);

        await source.UntilAsync(() => source.Warnings.Count == 0);
        source.Found.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Token_ReplacedInItsFile_IsUsedFromTheNextRequestOn()
    {
        var file = Path.Combine(_state, "token");
        await File.WriteAllTextAsync(file, "first\n");
        await using var source = new SourceUnderTest(_state, [SourceUnderTest.Gateway], _ => new KubernetesAccess(_server.Address) { TokenFile = file });
        await source.UntilAsync(() => _server.Watches == 1);

        await File.WriteAllTextAsync(file, "second\n");
        _server.Cut(Slices);

        await source.UntilAsync(() => _server.Requests.Last().Authorization == "Bearer second");
        _server.Requests.First().Authorization.ShouldBe("Bearer first");
    }

    [Fact]
    public async Task Access_ThatCantBeRead_IsWarnedOfUntilItCan()
    {
        var isThere = false;
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        await using var source = new SourceUnderTest(
            _state, [SourceUnderTest.Gateway], _ => Volatile.Read(ref isThere) ? _server.Access : throw new InvalidDataException("/etc/penstock/mesh.kubeconfig: cannot open the file"));

        await source.UntilAsync(() => source.Warnings.Any(warning => warning.Contains("mesh.kubeconfig: cannot open the file", StringComparison.Ordinal)));
        source.Warnings[0].ShouldContain("no endpoints are known");
        Volatile.Write(ref isThere, true);

        await source.UntilItHasAsync("10.1.0.1");
    }

    [Fact]
    public async Task Port_ThatTheServiceLacks_IsWarnedOf()
    {
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        await using var source = SourceUnderTest.Of(_state, _server, SourceUnderTest.Gateway with { Port = "https" });

        await source.UntilAsync(() => source.Warnings.Count > 0);
        source.Warnings.ShouldHaveSingleItem().ShouldBe("cluster mesh: istio-system/istio-ingressgateway: the Service has no port https of TCP; there is http2");
        source.Endpoints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Pods_ThatAllEnd_AreUsedToTheLast()
    {
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1", ready: false), Pod("10.1.0.2", ready: false, serving: false)));
        await using var source = SourceUnderTest.Of(_state, _server);

        await source.UntilItHasAsync("10.1.0.1");
        source.Endpoints[0].State.ShouldBe(EndpointState.Ready);
        source.Endpoints[0].Reason.ShouldContain("no other is ready");
    }

    [Fact]
    public async Task DisposeAsync_Watching_EndsItAndReportsNothingMore()
    {
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        var source = await WatchingAsync("10.1.0.1");

        await source.DisposeAsync();
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.2")));

        source.Found.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Clusters_WithWeights_HaveTheirSharesHoweverManyEndpoints()
    {
        await using var other = new FakeApiServer();
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1"), Pod("10.1.0.2"), Pod("10.1.0.3")));
        other.Put(Slices, "gw-a", Slice("gw-a", Pod("10.2.0.1"), Pod("10.1.0.3")));
        var servers = new ConcurrentDictionary<string, FakeApiServer>(StringComparer.Ordinal) { ["/a"] = _server, ["/b"] = other };
        await using var source = new SourceUnderTest(
            _state,
            [SourceUnderTest.Gateway with { Kubeconfig = "/a", Weight = 90 }, SourceUnderTest.Gateway with { Kubeconfig = "/b", Weight = 10, Priority = 1, PreferZone = "z" }],
            config => servers[config.Kubeconfig!].Access);

        await source.UntilItHasAsync("10.1.0.1 10.1.0.2 10.1.0.3 10.2.0.1");
        source.Endpoints.Select(endpoint => endpoint.Priority).ShouldBe([0, 0, 0, 3]);
        var weights = source.Endpoints.Select(endpoint => endpoint.Weight).ToArray();
        weights[..3].Distinct().ShouldHaveSingleItem().ShouldBe(65535);
        weights[3].ShouldBe(10922); // a sixth: 5 of 100 beside 30
    }

    /// <summary>Within each priority; an endpoint of no known zone is of another one.</summary>
    [Fact]
    public async Task PreferZone_RanksItsEndpointsBeforeThoseOfOthersAndAfterEarlierPriorities()
    {
        await using var other = new FakeApiServer();
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1", zone: "eu-1a"), Pod("10.1.0.2", zone: "eu-1b"), Pod("10.1.0.3", zone: "")));
        other.Put(Slices, "gw-a", Slice("gw-a", Pod("10.2.0.1", zone: "eu-1a"), Pod("10.2.0.2", zone: "eu-1b")));
        var servers = new ConcurrentDictionary<string, FakeApiServer>(StringComparer.Ordinal) { ["/a"] = _server, ["/b"] = other };
        var source = SourceUnderTest.Gateway with { PreferZone = "eu-1a" };
        await using var both = new SourceUnderTest(_state, [source with { Kubeconfig = "/a" }, source with { Kubeconfig = "/b", Priority = 1 }], config => servers[config.Kubeconfig!].Access);

        await both.UntilItHasAsync("10.1.0.1 10.1.0.2 10.1.0.3 10.2.0.1 10.2.0.2");

        both.Endpoints.Select(endpoint => endpoint.Priority).ShouldBe([0, 1, 1, 2, 3]);
    }

    private async Task<SourceUnderTest> WatchingAsync(string addresses)
    {
        var source = SourceUnderTest.Of(_state, _server);
        await source.UntilItHasAsync(addresses);
        await source.UntilAsync(() => _server.Watches == 1);
        return source;
    }
}
