// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.L7.Tests.Tls;

[Collection(AloneCollection.Name)]
public sealed class TlsAllocationTests
{
    [ReleaseFact]
    public async Task Requests_OverTlsOnBothSides_AllocateNothing()
    {
        var request = "GET /path?query=1 HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: test\r\n\r\n"u8.ToArray();
        var answer = Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 1024\r\n\r\n{new string('y', 1024)}");
        await using var tls = new TlsEngine();
        using var origin = new Socket(SocketType.Stream, ProtocolType.Tcp);
        origin.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        origin.Listen();
        var address = (IPEndPoint)origin.LocalEndPoint!; // Bound.
        var snapshot = tls.Snapshot(
            new ListenerTlsConfig { Certificates = [tls.Certificate(["shop.example.com"])] },
            cluster: new ClusterTlsConfig { Ca = tls.Authority.CaFile, ServerName = "origin.example.com" });
        var endpoint = new Endpoint(SocketEndpoint.Ip(address.Address, address.Port), 1, EndpointState.Ready);
        tls.Engine.Apply(snapshot with { Endpoints = snapshot.Endpoints.SetItem("a", new ClusterEndpoints("a", [endpoint])) });
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(tls.Address);
        using var client = TlsPeer.Connect(socket, tls.Authority.CaFile);
        client.Write(request);
        using var accepted = origin.Accept();
        accepted.NoDelay = true;
        using var server = TlsPeer.Accept(accepted, tls.Certificate(["origin.example.com"]));
        var buffer = new byte[8192];
        FinishOne();

        Allocations.ShouldBeNoneOfAnyThread(() =>
        {
            client.Write(request);
            FinishOne();
        });

        void FinishOne()
        {
            while (!buffer.AsSpan(0, server.Read(buffer)).EndsWith("\r\n\r\n"u8))
            {
                // The rest of the head.
            }

            server.Write(answer);
            var received = 0;
            while (received < 1024 || buffer[received - 1] != (byte)'y' || !buffer.AsSpan(0, received)[..^1024].EndsWith("\r\n\r\n"u8))
                received += client.Read(buffer.AsSpan(received));
        }
    }
}
