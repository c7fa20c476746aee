// SPDX-License-Identifier: Apache-2.0
using Penstock.Discovery.Kubernetes;
using Penstock.Model;
using Penstock.Model.L7;
using static Penstock.Discovery.Tests.Kubernetes.Recorded;

namespace Penstock.Discovery.Tests.Kubernetes;

/// <summary>When a source lists anew, what it refuses to take, and which ports it looks for.</summary>
public sealed class KubernetesRelistTests : IAsyncLifetime
{
    private readonly string _state = Directory.CreateTempSubdirectory("penstock-kubernetes-").FullName;
    private readonly FakeApiServer _server = new();

    public Task InitializeAsync()
    {
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task Watch_ThatEndsAfterTheTimeToListAnew_IsFollowedByAList()
    {
        await using var source = await WatchingAsync(SourceUnderTest.Limits with { Relist = TimeSpan.FromMilliseconds(1) });

        _server.PutUntold(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.2")));
        _server.End(Slices);

        await source.UntilItHasAsync("10.1.0.2");
        source.Warnings.ShouldBeEmpty();
    }

    [Fact]
    public async Task List_ThatWasDueOnlyAndFails_IsPutOffAndTheWatchGoesOn()
    {
        var isWithout = false;
        _server.Fault = async (request, reply, stop) =>
        {
            if (request.IsWatch || !Volatile.Read(ref isWithout))
                return false;
            await reply.SendAsync(429, """{"kind":"Status","code":429,"message":"too many requests"}""", stop);
            return true;
        };
        await using var source = await WatchingAsync(SourceUnderTest.Limits with { Relist = TimeSpan.FromMilliseconds(1) });
        Volatile.Write(ref isWithout, true);
        var lists = _server.Lists();

        _server.End(Slices);
        await source.UntilAsync(() => _server.Lists() > lists && _server.Requests.Count(request => request.IsWatch) == 2 && _server.Watches == 1);
        _server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.3")));

        await source.UntilItHasAsync("10.1.0.3");
    }

    [Fact]
    public async Task Watch_RefusedAsBad_IsFollowedByAList()
    {
        var refused = 0;
        _server.Fault = async (request, reply, stop) =>
        {
            if (!request.IsWatch || Interlocked.Increment(ref refused) > 1)
                return false;
            await reply.SendAsync(400, """{"kind":"Status","code":400,"message":"invalid resource version"}""", stop);
            return true;
        };
        await using var source = await WatchingAsync();

        _server.Lists().ShouldBe(2);
        source.Found.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Watch_EndedByAnErrorBehindAChange_HasTheChangeUsedThoughNoListComes()
    {
        var isDown = false;
        _server.Fault = async (_, reply, stop) =>
        {
            if (!Volatile.Read(ref isDown))
                return false;
            await reply.SendAsync(503, """{"kind":"Status","code":503,"message":"shutting down"}""", stop);
            return true;
        };
        await using var source = await WatchingAsync();

        Volatile.Write(ref isDown, true);
        var changed = Slice("gw-a", Pod("10.1.0.2")).Replace("VERSION", "2000", StringComparison.Ordinal);
        _server.Say(Slices, $$"""{"type":"MODIFIED","object":{{changed}}}""" + "\n" + Expired);

        await source.UntilItHasAsync("10.1.0.2");
    }

    [Fact]
    public async Task Watch_ThatSaysSomethingAndEndsAtOnce_IsNotAskedForWithoutAPause()
    {
        _server.Fault = async (request, reply, stop) =>
        {
            if (!request.IsWatch)
                return false;
            await reply.BeginAsync(stop);
            await reply.SendPieceAsync(Bookmark(2000), stop);
            await reply.EndAsync(stop);
            return true;
        };
        await using var source = SourceUnderTest.Of(_state, _server, limits: SourceUnderTest.Limits with { FirstRetry = TimeSpan.FromMinutes(10), LastRetry = TimeSpan.FromMinutes(10) });
        await source.UntilItHasAsync("10.1.0.1");
        await source.UntilAsync(() => _server.Requests.Any(request => request.IsWatch));

        await Task.Delay(TimeSpan.FromMilliseconds(300)); // for hundreds of others, if there were no pause
        _server.Requests.Count(request => request.IsWatch).ShouldBe(1);
    }

    [Fact]
    public async Task Watch_ThatAddsMoreSlicesThanThereMayBe_LeavesWhatWasGood()
    {
        await using var source = await WatchingAsync(SourceUnderTest.Limits with { Objects = 2 });

        // One without endpoints takes memory as well.
        _server.Put(Slices, "gw-b", Slice("gw-b"));
        _server.Put(Slices, "gw-c", Slice("gw-c", Pod("10.1.0.3")));

        await source.UntilAsync(() => source.Warnings.Any(warning => warning.Contains("can't be listed: more than 2 EndpointSlices, for ", StringComparison.Ordinal)));
        source.Addresses.ShouldBe("10.1.0.1");
        _server.Delete(Slices, "gw-b", Slice("gw-b"));
        await source.UntilItHasAsync("10.1.0.1 10.1.0.3");
        await source.UntilAsync(() => source.Warnings.Count == 0);
    }

    [Fact]
    public async Task Slices_OfMoreEndpointsThanThereMayBe_AreRefusedByNodesAsWell()
    {
        _server.Put(Nodes, "n1", Node("n1", "192.0.2.1"));
        _server.Put(Services, "istio-ingressgateway", Service("Local"));
        await using var source = SourceUnderTest.Of(_state, _server, SourceUnderTest.Gateway with { Via = KubernetesVia.Nodes }, SourceUnderTest.Limits with { Endpoints = 2 });
        await source.UntilItHasAsync("192.0.2.1");
        await source.UntilAsync(() => _server.Watches == 3);

        _server.Put(Slices, "gw-b", Slice("gw-b", Pod("10.1.0.2"), Pod("10.1.0.3")));

        await source.UntilAsync(() => source.Warnings.Any(warning => warning.Contains("more than 2 endpoints", StringComparison.Ordinal)));
        source.Endpoints.ShouldHaveSingleItem().Weight.ShouldBe(1);
    }

    [Fact]
    public async Task Event_TooLarge_LeavesWhatWasGood()
    {
        await using var source = await WatchingAsync(SourceUnderTest.Limits with { EventBytes = 100_000 });
        var lists = _server.Lists();

        _server.Say(Slices, "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"" + new string('x', 200_000) + "\"}}}\n");

        await source.UntilAsync(() => _server.Lists() > lists && _server.Requests.Last().IsWatch);
        source.Logger.Messages.ShouldContain(message => message.Text.Contains("an event of more than 97 KiB", StringComparison.Ordinal));
        source.Addresses.ShouldBe("10.1.0.1");
        source.Found.Count.ShouldBe(1);
    }

    [Fact]
    public async Task List_TooLarge_LeavesWhatWasGood()
    {
        await using var source = await WatchingAsync(SourceUnderTest.Limits with { PageBytes = 1 << 20 });

        _server.PutUntold(Slices, "gw-b", Slice("gw-b", Pod("10.1.0.2", zone: new string('z', 2 << 20))));
        _server.Say(Slices, Expired);

        await source.UntilAsync(() => source.Warnings.Any(warning => warning.Contains("EndpointSlices can't be listed: a list of more than 1 MiB", StringComparison.Ordinal)));
        source.Endpoints.ShouldHaveSingleItem().State.ShouldBe(EndpointState.Ready);
    }

    [Fact]
    public async Task Service_OfUdp_HasItsPortOfUdp()
    {
        await using var source = new SourceUnderTest(_state, [SourceUnderTest.Gateway with { Port = null }], _ => _server.Access, isUdp: true, name: "l4:dns");

        await source.UntilItHasAsync("10.1.0.1");
        source.Endpoints.ShouldHaveSingleItem().Address.Port.ShouldBe(5353);
    }

    [Fact]
    public async Task Service_OfUdpWithAPortOfTcp_IsWarnedOfByItsOwnName()
    {
        await using var source = new SourceUnderTest(_state, [SourceUnderTest.Gateway], _ => _server.Access, isUdp: true, name: "l4:dns");

        await source.UntilAsync(() => source.Warnings.Count > 0);
        source.Warnings.ShouldHaveSingleItem().ShouldBe("service dns: istio-system/istio-ingressgateway: the Service has no port http2 of UDP; there is dns");
    }

    [Fact]
    public async Task Token_ReplacedWhileTheOldOneIsRefused_IsReadAgainAtOnce()
    {
        var file = Path.Combine(_state, "token");
        await File.WriteAllTextAsync(file, "first\n");
        _server.Fault = async (request, reply, stop) =>
        {
            if (request.Authorization != "Bearer first")
                return false;
            await File.WriteAllTextAsync(file, "second\n", stop);
            await reply.SendAsync(401, """{"kind":"Status","code":401,"message":"Unauthorized"}""", stop);
            return true;
        };
        await using var source = new SourceUnderTest(_state, [SourceUnderTest.Gateway], _ => new KubernetesAccess(_server.Address) { TokenFile = file });

        await source.UntilItHasAsync("10.1.0.1");
        _server.Requests.Take(2).Select(request => request.Authorization).ShouldBe(["Bearer first", "Bearer second"]);
        source.Logger.Messages.ShouldNotContain(message => message.Text.Contains("can't be listed", StringComparison.Ordinal));
    }

    private async Task<SourceUnderTest> WatchingAsync(KubernetesLimits? limits = null)
    {
        var source = SourceUnderTest.Of(_state, _server, limits: limits);
        await source.UntilItHasAsync("10.1.0.1");
        await source.UntilAsync(() => _server.Watches == 1);
        return source;
    }
}
