// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.Model.L4;
using Penstock.Model.L7;
using static Penstock.Discovery.Tests.Kubernetes.Recorded;

namespace Penstock.Discovery.Tests.Kubernetes;

/// <summary>Services whose pods have addresses of two families.</summary>
public sealed class KubernetesFamilyTests : IAsyncLifetime
{
    private const string Ports = """[{"name":"http2","protocol":"TCP","port":8080}]""";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly string _state = Directory.CreateTempSubdirectory("penstock-kubernetes-").FullName;
    private readonly FakeApiServer _server = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }

    [Theory]
    [InlineData(KubernetesFamily.PreferIpv4, "10.1.0.1 10.1.0.2")]
    [InlineData(KubernetesFamily.Ipv4, "10.1.0.1 10.1.0.2")]
    [InlineData(KubernetesFamily.Ipv6, "2001:db8::1 2001:db8::2")]
    [InlineData(KubernetesFamily.Any, "10.1.0.1 10.1.0.2 2001:db8::1 2001:db8::2")]
    public async Task Pods_WithBothFamilies_CountOnceUnlessAllAreAskedFor(KubernetesFamily family, string addresses)
    {
        PutFour();
        PutSix();
        await using var source = Start(family);

        await source.UntilItHasAsync(addresses);
        source.Warnings.ShouldBeEmpty();
    }

    [Fact]
    public async Task PreferIpv4_WithoutAnyEndpointOfIpv4_TakesThoseOfIpv6()
    {
        PutSix();
        await using var source = Start(KubernetesFamily.PreferIpv4);
        await source.UntilItHasAsync("2001:db8::1 2001:db8::2");
        await source.UntilAsync(() => _server.Watches == 1);

        PutFour();
        await source.UntilItHasAsync("10.1.0.1 10.1.0.2");
        _server.Delete(Slices, "gw-four", Four());

        await source.UntilItHasAsync("2001:db8::1 2001:db8::2");
    }

    [Fact]
    public async Task Ipv4_OfAServiceWithoutIt_HasNoEndpointsAndIsWarnedOf()
    {
        PutSix();
        await using var source = Start(KubernetesFamily.Ipv4);

        await source.UntilAsync(() => source.Warnings.Any(warning => warning.EndsWith("none of the 2 endpoints is of the family that is asked for", StringComparison.Ordinal)));
        source.Endpoints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Family_ThatChangesWhileTheApiServerIsGone_IsTakenFromWhatItSaidLast()
    {
        PutFour();
        PutSix();
        await using (var before = Start(KubernetesFamily.PreferIpv4))
            await before.UntilItHasAsync("10.1.0.1 10.1.0.2");

        await using var source = new SourceUnderTest(_state, [SourceUnderTest.Gateway with { Family = KubernetesFamily.Ipv6 }], _ => throw new InvalidDataException("it is gone"));

        await source.UntilItHasAsync("2001:db8::1 2001:db8::2");
        source.Warnings.ShouldContain(warning => warning.Contains("its 2 endpoints of ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ServiceOfL4_GetsBothFamilies_WhichItSortsOutItself()
    {
        PutFour();
        PutSix();
        var factory = new DiscoverySourceFactory(_state, _ => _server.Access, TimeProvider.System, NullLoggerFactory.Instance);
        var service = new ServiceConfig { Name = "six", Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("2001:db8:9::1"), 80, 80), Forwarding = Forwarding.Nat, Discovery = new DiscoveryConfig { Kubernetes = [SourceUnderTest.Gateway] } };
        var found = new ConcurrentQueue<ClusterEndpointsFound>();
        await using var source = factory.Create(DiscoveryTarget.Of(service), found.Enqueue);

        source.Start();

        using var patience = new CancellationTokenSource(s_patience);
        while (found.IsEmpty)
            await Task.Delay(2, patience.Token);
        found.Last().Endpoints.Select(endpoint => endpoint.Address.Address!.ToString()).ShouldBe(["10.1.0.1", "10.1.0.2", "2001:db8::1", "2001:db8::2"]);
    }

    private static string Four() => SliceOf("gw-four", "IPv4", Ports, Pod("10.1.0.1"), Pod("10.1.0.2"));

    private void PutFour() => _server.Put(Slices, "gw-four", Four());

    private void PutSix() => _server.Put(Slices, "gw-six", SliceOf("gw-six", "IPv6", Ports, Pod("2001:db8::1"), Pod("2001:db8::2")));

    private SourceUnderTest Start(KubernetesFamily family) => SourceUnderTest.Of(_state, _server, SourceUnderTest.Gateway with { Family = family });
}
