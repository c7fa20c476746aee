// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.Discovery.Dns;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.Discovery.Tests.Dns;

public sealed class DnsSourceTests
{
    private static readonly DnsDiscoveryConfig Config = new() { Name = "api.example.com", Port = 8080, MinInterval = TimeSpan.FromSeconds(2), MaxInterval = TimeSpan.FromSeconds(100) };

    private readonly ManualTimeProvider _time = new();
    private readonly RecordingLogger<DnsSource> _logger = new();
    private readonly List<ClusterEndpointsFound> _found = [];
    private Func<Resolution> _answer = () => Answer(30, "192.0.2.1");
    private int _asked;

    [Fact]
    public async Task Start_Addresses_AreReportedSortedAndOnce()
    {
        _answer = () => Answer(30, "192.0.2.10", "2001:db8::2", "192.0.2.9", "2001:db8::1", "192.0.2.9");
        await using var source = await StartAsync();

        _found.ShouldHaveSingleItem().Endpoints.Select(e => e.Address.ToString())
            .ShouldBe(["192.0.2.9:8080", "192.0.2.10:8080", "[2001:db8::1]:8080", "[2001:db8::2]:8080"]);
        source.EndpointCount.ShouldBe(4);
    }

    [Theory]
    [InlineData(30, 27, 30)]
    [InlineData(0, 2, 2)]
    [InlineData(86_400, 90, 100)]
    public async Task Start_Ttl_SetsTheNextQuestionWithinBounds(int ttl, double least, double most)
    {
        _answer = () => Answer(ttl, "192.0.2.1");
        await using var source = await StartAsync();

        _time.UntilNextTimer.ShouldNotBeNull().TotalSeconds.ShouldBeInRange(least, most);
    }

    [Fact]
    public async Task Start_NoTtl_AsksAtTheLongestInterval()
    {
        _answer = () => Answer(30, "192.0.2.1") with { Ttl = null };
        await using var source = await StartAsync();

        _time.UntilNextTimer.ShouldNotBeNull().TotalSeconds.ShouldBeInRange(90, 100);
    }

    [Fact]
    public async Task Advance_SameAddressesInOtherOrder_ReportsNothing()
    {
        _answer = () => Answer(30, "192.0.2.1", "192.0.2.2");
        await using var source = await StartAsync();

        _answer = () => Answer(30, "192.0.2.2", "192.0.2.1");
        _time.Advance(TimeSpan.FromSeconds(30));

        _asked.ShouldBe(2);
        _found.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Advance_OtherAddresses_ReportsTheWholeList()
    {
        await using var source = await StartAsync();

        _answer = () => Answer(30, "192.0.2.2");
        _time.Advance(TimeSpan.FromSeconds(30));

        _found.Count.ShouldBe(2);
        _found[1].Endpoints.ShouldHaveSingleItem().Address.ToString().ShouldBe("192.0.2.2:8080");
    }

    [Fact]
    public async Task Advance_FailuresAndEmptyAnswers_KeepTheListAndWarnOnce()
    {
        await using var source = await StartAsync();
        var answers = new Queue<Func<Resolution>>(
        [
            () => Answer(30),
            () => new Resolution(default, default, Ttl: null),
            () => throw new IOException("resolv.conf is gone"),
            () => Answer(30, "192.0.2.1"),
        ]);
        _answer = () => answers.Dequeue()();

        _time.Advance(TimeSpan.FromSeconds(30));
        source.Age.ShouldBeGreaterThan(TimeSpan.FromSeconds(20));
        while (answers.Count > 0)
            _time.Advance(TimeSpan.FromSeconds(2));

        _found.Count.ShouldBe(1);
        source.EndpointCount.ShouldBe(1);
        source.Age.ShouldBeLessThan(TimeSpan.FromSeconds(3));
        _logger.Messages.Count(m => m.Level == LogLevel.Warning).ShouldBe(1);
        _logger.Messages.ShouldContain(m => m.Text.Contains("resolves again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Advance_FailureAfterFailure_WaitsLongerUpToABound()
    {
        _answer = () => Answer(30);
        await using var source = await StartAsync();
        var waits = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            var wait = _time.UntilNextTimer.ShouldNotBeNull();
            waits.Add(wait.TotalSeconds);
            _time.Advance(wait);
        }

        waits[0].ShouldBe(2, 0.01);
        waits[2].ShouldBeInRange(7.2, 8);
        waits[7].ShouldBeInRange(27, 30);
        _found.ShouldBeEmpty();
    }

    [Fact]
    public async Task Advance_OneFamilyFails_KeepsThatFamilysAddresses()
    {
        _answer = () => Answer(30, "192.0.2.1", "2001:db8::1");
        await using var source = await StartAsync();

        _answer = () => Answer(30, "192.0.2.2") with { IPv6 = default };
        _time.Advance(TimeSpan.FromSeconds(30));

        _found[^1].Endpoints.Select(e => e.Address.ToString()).ShouldBe(["192.0.2.2:8080", "[2001:db8::1]:8080"]);
    }

    [Fact]
    public async Task DisposeAsync_Running_AsksNoMore()
    {
        var source = await StartAsync();
        await source.DisposeAsync();

        _time.Advance(TimeSpan.FromHours(1));

        _asked.ShouldBe(1);
        _time.UntilNextTimer.ShouldBeNull();
    }

    [Fact]
    public async Task Create_StaticCluster_ReportsItsEndpointsAtOnce()
    {
        var endpoint = new EndpointConfig(Penstock.Model.SocketEndpoint.Ip(IPAddress.Loopback, 80), 7);
        var factory = new DiscoverySourceFactory("/nowhere", static _ => throw new InvalidDataException("no kubeconfig"), _time, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        await using var source = factory.Create(DiscoveryTarget.Of(new ClusterConfig { Name = "c", Endpoints = [endpoint] }), _found.Add);

        source.Start();

        _found.ShouldHaveSingleItem().Endpoints.ShouldBe([new Penstock.Model.Endpoint(endpoint.Address, 7, Penstock.Model.EndpointState.Ready)]);
    }

    private static Resolution Answer(int ttl, params string[] addresses)
    {
        var all = addresses.Select(IPAddress.Parse).ToLookup(a => a.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork);
        return new Resolution([.. all[true]], [.. all[false]], TimeSpan.FromSeconds(ttl));
    }

    private async Task<DnsSource> StartAsync()
    {
        var source = new DnsSource("c", Config, Resolve, _found.Add, _time, _logger, new DiscoveryMetrics());

        // As in the daemon without the test runner's synchronization context, through which the loop would go on at a moment of its own.
        await Task.Run(source.Start);
        return source;
    }

    private Task<Resolution> Resolve(string name, CancellationToken cancel)
    {
        _asked++;
        name.ShouldBe("api.example.com");
        return Task.FromResult(_answer());
    }
}
