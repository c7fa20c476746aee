// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model;
using Penstock.Model.Peers;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp.Tests;

public sealed class InstanceHealthTests
{
    [Theory]
    [InlineData(1, 0, "RRRR", 0)]
    [InlineData(50, 0, "RRDD", 0)]
    [InlineData(51, 0, "RRDD", -254)]
    [InlineData(51, 20, "RRDD", -20)]
    [InlineData(100, 0, "RRRM", 0)]
    [InlineData(100, 0, "RRRd", 0)]
    [InlineData(100, 0, "RRRP", -254)]
    [InlineData(1, 0, "DDDD", -254)]
    [InlineData(1, 0, "MMMM", 0)]
    [InlineData(100, 0, "", 0)]
    public void Service_ByThePartOfItThatIsReady(int minReady, int weight, string states, int expected)
    {
        var instance = Some.Instance() with { Track = new VrrpTrackConfig { Services = [new VrrpTrackHealth { Name = "web", MinReady = minReady, Weight = weight }] } };

        Health(instance, states).Value.ShouldBe(expected);
    }

    [Fact]
    public void Weights_AddUp_AndStopShortOfFault()
    {
        var instance = Some.Instance() with
        {
            Track = new VrrpTrackConfig
            {
                Services = [new VrrpTrackHealth { Name = "web", Weight = 200 }, new VrrpTrackHealth { Name = "web", MinReady = 10, Weight = 200 }],
            },
        };

        Health(instance, "D").Value.ShouldBe(InstanceHealth.Lowest);
    }

    [Fact]
    public void Reason_NamesWhatIsLacking()
    {
        var instance = Some.Instance() with { Track = new VrrpTrackConfig { Services = [new VrrpTrackHealth { Name = "web", MinReady = 60 }] } };

        Health(instance, "RDD").Reasons.ShouldBe(["service web: 33.3% is ready, 60% is asked for"]);
    }

    [Fact]
    public void Service_OfTheProxyTier_ByThisHostAlone()
    {
        var instance = Some.Instance() with { Track = new VrrpTrackConfig { Services = [new VrrpTrackHealth { Name = "web", MinReady = 100 }] } };
        var snapshot = Some.Snapshot(instance);
        var peers = new PeersConfig
        {
            Listen = SocketEndpoint.Ip(IPAddress.Parse("10.0.0.1"), 9465),
            Certificate = "",
            Key = "",
            Ca = "",
            Hosts = [new PeerHostConfig { Name = "lb2", Address = SocketEndpoint.Ip(IPAddress.Parse("10.0.0.2"), 9465) }],
        };
        Snapshot With(EndpointState own, EndpointState other) => snapshot with
        {
            Config = snapshot.Config with { Peers = peers },
            Services = snapshot.Services.Add("web", [Some.Backend("10.0.0.1", 1, own), Some.Backend("10.0.0.2", 1, other)]),
        };

        InstanceHealth.Of(instance, With(EndpointState.Ready, EndpointState.Down)).ShouldBe(InstanceHealth.Good, "that the other host is gone is no reason to leave");
        InstanceHealth.Of(instance, With(EndpointState.Down, EndpointState.Ready)).Value.ShouldBe(InstanceHealth.Fault);
    }

    [Fact]
    public void Cluster_ByItsEndpoints()
    {
        var instance = Some.Instance() with { Track = new VrrpTrackConfig { Clusters = [new VrrpTrackHealth { Name = "mesh", MinReady = 50 }] } };
        var snapshot = Some.Snapshot(instance);
        var endpoints = new ClusterEndpoints("mesh", [new Endpoint(SocketEndpoint.Ip(System.Net.IPAddress.Parse("10.0.0.1"), 80), 1, EndpointState.Ready), new Endpoint(SocketEndpoint.Ip(System.Net.IPAddress.Parse("10.0.0.2"), 80), 2, EndpointState.Down)]);

        InstanceHealth.Of(instance, snapshot with { Endpoints = snapshot.Endpoints.Add("mesh", endpoints) }).Value.ShouldBe(InstanceHealth.Fault);
    }

    private static InstanceHealth Health(VrrpInstanceConfig instance, string states)
    {
        var snapshot = Some.Snapshot(instance);
        var backends = states.Select((state, i) => Some.Backend($"10.0.0.{i + 1}", 1, state switch
        {
            'R' or 'P' => EndpointState.Ready,
            'D' => EndpointState.Down,
            'd' => EndpointState.Drain,
            _ => EndpointState.Maintenance,
        }, panic: state == 'P'));
        return InstanceHealth.Of(instance, snapshot with { Services = snapshot.Services.Add("web", [.. backends]) });
    }
}
