// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Daemon.Running;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Daemon.Tests.Running;

/// <summary>Which sockets of the process before are kept while a start may still go by either of two configurations.</summary>
public sealed class WantedSocketsTests
{
    private static readonly IPAddress s_address = IPAddress.Parse("127.7.9.1");

    private readonly ApplianceConfig _config = Listening(SocketEndpoint.Ip(s_address, 8001)) with { Metrics = new MetricsConfig { Bind = SocketEndpoint.Ip(IPAddress.Loopback, 9100) } };

    [Fact]
    public void Wanted_WithoutAnother_IsWhatTheConfigurationListensAt() => Wanted(other: null).ShouldBe(["127.7.9.1:8001"]);

    [Fact]
    public void Wanted_WithAnother_IsWhatThatListensAtToo() =>
        Wanted(Listening(SocketEndpoint.Ip(s_address, 8001), SocketEndpoint.Ip(s_address, 8002), SocketEndpoint.Unix("/run/web.sock"))).ShouldBe(["127.7.9.1:8001", "127.7.9.1:8002", "/run/web.sock"], ignoreOrder: true);

    [Fact]
    public void Wanted_OfTheOther_IsNothingThatMightBeInTheWayOfTheFirst() =>
        Wanted(Listening(SocketEndpoint.Ip(IPAddress.Any, 8001), SocketEndpoint.Ip(IPAddress.Any, 9100))).ShouldBe(["127.7.9.1:8001"]);

    private static ApplianceConfig Listening(params SocketEndpoint[] binds) => new()
    {
        Node = "lb1",
        L7 = new L7Config { Listeners = [.. binds.Select((bind, i) => new ListenerConfig { Name = $"l{i}", Bind = bind, Routes = "main" })] },
    };

    private string[] Wanted(ApplianceConfig? other) =>
        [.. ApplianceHost.Wanted(_config, other).Select(at => at.UnixPath ?? $"{new IPAddress(at.Address)}:{at.Port}").Distinct(StringComparer.Ordinal)];
}
