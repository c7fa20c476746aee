// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.Discovery.Kubernetes;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Tests;
using static Penstock.Discovery.Tests.Kubernetes.Recorded;

namespace Penstock.Discovery.Tests.Kubernetes;

/// <summary>What outlives a restart.</summary>
public sealed class KubernetesRestartTests : IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("penstock-kubernetes-").FullName;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task Start_WithoutServer_HasWhatWasGoodBefore()
    {
        await ServeOnceAsync(Pod("10.1.0.1"), Pod("10.1.0.2", ready: false, zone: "b"));

        await using var source = new SourceUnderTest(_state, [SourceUnderTest.Gateway], _ => Nowhere);
        await source.UntilItHasAsync("10.1.0.1 10.1.0.2");

        source.Endpoints[1].ShouldBe(new Endpoint(source.Endpoints[1].Address, 1, EndpointState.Drain, "Kubernetes ends it") { Zone = "b" });
        source.Age.ShouldBeGreaterThan(TimeSpan.Zero);
        await source.UntilAsync(() => source.Warnings.Any(warning => warning.Contains("its 2 endpoints of ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Start_ServerAfterAll_ReplacesWhatWasGoodBefore()
    {
        await ServeOnceAsync(Pod("10.1.0.1"));
        await using var server = new FakeApiServer();
        server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.9")));
        var isThere = false;
        await using var source = new SourceUnderTest(_state, [SourceUnderTest.Gateway], _ => Volatile.Read(ref isThere) ? server.Access : Nowhere);
        await source.UntilItHasAsync("10.1.0.1");

        Volatile.Write(ref isThere, true);

        await source.UntilItHasAsync("10.1.0.9");
    }

    [Fact]
    public async Task Start_AnotherService_HasNothingOfTheOneBefore()
    {
        await ServeOnceAsync(Pod("10.1.0.1"));

        await using var source = new SourceUnderTest(_state, [SourceUnderTest.Gateway with { Service = "shop/web" }], _ => Nowhere);
        await source.UntilAsync(() => source.Warnings.Any(warning => warning.Contains("no endpoints are known", StringComparison.Ordinal)));

        source.Found.ShouldBeEmpty();
    }

    [Fact]
    public async Task Start_OneSourceMoreThanBefore_HasWhatWasGoodOfTheOther()
    {
        await ServeOnceAsync(Pod("10.1.0.1"), Pod("10.1.0.2"));

        await using var source = new SourceUnderTest(_state, [SourceUnderTest.Gateway with { Service = "shop/web" }, SourceUnderTest.Gateway with { Priority = 1 }], _ => Nowhere);
        await source.UntilItHasAsync("10.1.0.1 10.1.0.2");

        source.Endpoints.ShouldAllBe(endpoint => endpoint.Priority == 2);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"version\":1,\"sources\":[{")]
    [InlineData("{\"version\":2,\"sources\":[]}")]
    [InlineData("{\"version\":1,\"sources\":7}")]
    public async Task Start_DamagedFile_IsWarnedOfAndDoesWithout(string content)
    {
        await ServeOnceAsync(Pod("10.1.0.1"));
        await File.WriteAllTextAsync(Directory.GetFiles(Path.Combine(_state, "endpoints")).ShouldHaveSingleItem(), content);

        await using var source = new SourceUnderTest(_state, [SourceUnderTest.Gateway], _ => Nowhere);

        source.Logger.Messages.ShouldContain(message => message.Text.Contains("can't be used", StringComparison.Ordinal));
        await source.UntilAsync(() => source.Warnings.Count > 0);
        source.Found.ShouldBeEmpty();
    }

    [Fact]
    public async Task Run_StateThatCantBeWritten_IsWarnedOf()
    {
        await File.WriteAllTextAsync(Path.Combine(_state, "endpoints"), "a file where a folder is to be");
        await using var server = new FakeApiServer();
        server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        await using var source = SourceUnderTest.Of(_state, server);

        await source.UntilAsync(() => source.Warnings.Any(warning => warning.StartsWith("cluster mesh: its endpoints would not outlive a restart: ", StringComparison.Ordinal)));
        await source.UntilItHasAsync("10.1.0.1");
    }

    [Fact]
    public async Task Run_OtherSources_RemovesWhatWasOfThem()
    {
        await ServeOnceAsync(Pod("10.1.0.1"));
        var folder = Path.Combine(_state, "endpoints");
        var before = Directory.GetFiles(folder).ShouldHaveSingleItem();
        await using var server = new FakeApiServer();
        server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.2")));
        await using var source = SourceUnderTest.Of(_state, server, SourceUnderTest.Gateway with { Service = "shop/web" });

        await source.UntilAsync(() => Directory.GetFiles(folder, "*.json") is [var only] && only != before);
    }

    /// <summary>The clock is moved by hand, and what it wakes up writes before it returns.</summary>
    [Fact]
    public async Task Run_NothingChanged_WritesNothingAnew()
    {
        var (time, limits) = (new ManualTimeProvider(), new KubernetesLimits());
        await using var server = new FakeApiServer();
        server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        await using var source = new KubernetesSource("mesh", [SourceUnderTest.Gateway], _state, _ => server.Access, _ => { }, limits, time, NullLogger.Instance, new DiscoveryMetrics());
        source.Start();
        await UntilAsync(() => source.EndpointCount == 1);
        await UntilAsync(IsWritten);

        File.Delete(Files().ShouldHaveSingleItem());
        for (var times = 0; times < 3; times++)
            time.Advance(limits.Save);
        Files().ShouldBeEmpty();

        server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1"), Pod("10.1.0.2")));
        await UntilAsync(IsWritten);

        string[] Files() => Directory.Exists(Path.Combine(_state, "endpoints")) ? Directory.GetFiles(Path.Combine(_state, "endpoints"), "*.json") : [];
        bool IsWritten()
        {
            time.Advance(limits.Save);
            return Files().Length == 1;
        }
    }

    [Fact]
    public async Task Create_KubernetesCluster_WarnsThroughItsFactory()
    {
        var factory = new DiscoverySourceFactory(_state, _ => Nowhere, TimeProvider.System, NullLoggerFactory.Instance);
        await using var source = factory.Create(DiscoveryTarget.Of(new ClusterConfig { Name = "c", Discovery = new DiscoveryConfig { Kubernetes = [SourceUnderTest.Gateway] } }), _ => { });
        source.Start();

        await UntilAsync(() => factory.Warnings.Any(warning => warning.StartsWith("cluster c: istio-system/istio-ingressgateway: EndpointSlices can't be listed: ", StringComparison.Ordinal)));
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!isSo())
            await Task.Delay(5, patience.Token);
    }

    // Nothing listens on the port of discard.
    private static KubernetesAccess Nowhere => new(new Uri("http://127.0.0.1:9"));

    private async Task ServeOnceAsync(params string[] pods)
    {
        await using var server = new FakeApiServer();
        server.Put(Slices, "gw-a", Slice("gw-a", pods));
        await using var source = SourceUnderTest.Of(_state, server);
        await source.UntilAsync(() => source.Endpoints.Length == pods.Length);
    }
}
