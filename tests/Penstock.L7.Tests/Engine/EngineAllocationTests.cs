// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.L7.Tests.Engine;

[Collection(AloneCollection.Name)]
public sealed class EngineAllocationTests
{
    private static readonly byte[] Request = Encoding.ASCII.GetBytes(
        "GET /path?query=1 HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: test\r\nAccept: */*\r\nX-Long: " + new string('x', 200) + "\r\n\r\n");

    private static readonly byte[] Answer = Encoding.ASCII.GetBytes(
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" + new string('y', 1024));

    [ReleaseFact]
    public async Task Requests_OnKeptConnections_AllocateNothing()
    {
        using var origin = new Socket(SocketType.Stream, ProtocolType.Tcp);
        origin.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        origin.Listen();
        await using var engine = new L7Engine(NullLoggerFactory.Instance, DescriptorShares.OfProcess());
        engine.Apply(SnapshotTo((IPEndPoint)origin.LocalEndPoint!)); // Bound.
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.Connect(IPEndPoint.Parse(engine.Status().Listeners[0].Bind));
        client.Send(Request);
        using var accepted = origin.Accept();
        accepted.NoDelay = true;
        var buffer = new byte[8192];
        FinishOne(accepted, client, buffer);

        Allocations.ShouldBeNoneOfAnyThread(() =>
        {
            client.Send(Request);
            FinishOne(accepted, client, buffer);
        });
    }

    [ReleaseFact]
    public async Task Redirects_OnAKeptConnection_AllocateNothing()
    {
        await using var engine = new L7Engine(NullLoggerFactory.Instance, DescriptorShares.OfProcess());
        engine.Apply(SnapshotTo(new IPEndPoint(IPAddress.Loopback, 1)));
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.Connect(IPEndPoint.Parse(engine.Status().Listeners[0].Bind));
        var request = "GET /old?a=1 HTTP/1.1\r\nHost: old.example.com\r\n\r\n"u8.ToArray();
        var buffer = new byte[8192];
        client.Send(request);
        Encoding.ASCII.GetString(buffer, 0, client.Receive(buffer)).ShouldContain("Location: https://old.example.com/old?a=1\r\n");

        Allocations.ShouldBeNoneOfAnyThread(() =>
        {
            client.Send(request);
            client.Receive(buffer);
        });
    }

    private static void FinishOne(Socket accepted, Socket client, byte[] buffer)
    {
        while (!buffer.AsSpan(0, accepted.Receive(buffer)).EndsWith("\r\n\r\n"u8))
        {
            // The rest of the head.
        }

        accepted.Send(Answer);
        var received = 0;
        while (received < 1024 || buffer[received - 1] != (byte)'y' || !buffer.AsSpan(0, received)[..^1024].EndsWith("\r\n\r\n"u8))
            received += client.Receive(buffer, received, buffer.Length - received, SocketFlags.None);
    }

    private static Snapshot SnapshotTo(IPEndPoint origin)
    {
        var endpoint = SocketEndpoint.Ip(origin.Address, origin.Port);
        var config = new ApplianceConfig
        {
            Node = "lb1",
            L7 = new L7Config
            {
                Reactors = 1,
                Listeners = [new ListenerConfig { Name = "http", Bind = SocketEndpoint.Ip(IPAddress.Loopback, 0), Routes = "main" }],
                Routes = ImmutableSortedDictionary<string, ImmutableArray<RouteConfig>>.Empty.Add(
                    "main",
                    [
                        new RouteConfig { Name = "all", Match = new RouteMatch { Host = "shop.example.com", PathPrefix = "/" }, To = [new WeightedCluster("a")] },
                        new RouteConfig { Name = "old", Match = new RouteMatch { Host = "old.example.com" }, Redirect = new RedirectAction { Scheme = "https" } },
                    ]),
                Clusters = ImmutableSortedDictionary<string, ClusterConfig>.Empty.Add("a", new ClusterConfig { Name = "a", Endpoints = [new EndpointConfig(endpoint)] }),
            },
        };
        var endpoints = new ClusterEndpoints("a", [new Endpoint(endpoint, 1, EndpointState.Ready)]);
        return new Snapshot(1, config, ImmutableDictionary<string, ClusterEndpoints>.Empty.Add("a", endpoints));
    }
}
