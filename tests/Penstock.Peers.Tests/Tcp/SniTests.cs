// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Penstock.Peers.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Tcp;

/// <summary>TLS goes through as it is, to where the name that it asks for leads.</summary>
public sealed class SniTests
{
    private static readonly string[] s_rules =
    [
        "mode: tcp",
        "sni: [{name: a.test, to: [{cluster: one}]}, {name: \"*.test\", to: [{cluster: two}]}]",
        "to: [{cluster: main}]",
    ];

    [PeerFact("openssl")]
    public async Task Names_LeadToTheirServers_AndTheRestToTheDefault()
    {
        await using var one = await TlsServer.StartAsync("one");
        await using var two = await TlsServer.StartAsync("two");
        await using var main = await TlsServer.StartAsync("main");
        await using var penstock = await StartAsync(s_rules, main.Endpoint, one.Endpoint, two.Endpoint);

        (await SubjectAsync(penstock.Port, "a.test")).ShouldBe("CN=one");
        (await SubjectAsync(penstock.Port, "A.TEST")).ShouldBe("CN=one");
        (await SubjectAsync(penstock.Port, "b.test")).ShouldBe("CN=two");
        (await SubjectAsync(penstock.Port, "c.b.test")).ShouldBe("CN=two");
        (await SubjectAsync(penstock.Port, "test")).ShouldBe("CN=main");
        (await SubjectAsync(penstock.Port, "other.example")).ShouldBe("CN=main");
        (await SubjectAsync(penstock.Port, "127.0.0.1")).ShouldBe("CN=main"); // An address is no name: none is sent.
        await penstock.AwaitMetricAsync("penstock_tcp_connections_total{cluster=\"one\",listener=\"front\",reason=\"");
    }

    [PeerFact("openssl")]
    public async Task ClientHello_ByteByByte_IsWaitedFor()
    {
        await using var one = await TlsServer.StartAsync("one");
        await using var penstock = await StartAsync(s_rules, one.Endpoint, one.Endpoint, one.Endpoint);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, penstock.Port);
        await using var tls = new SslStream(new DrippingStream(socket), leaveInnerStreamOpen: false, (_, _, _, _) => true);

        await tls.AuthenticateAsClientAsync("a.test");

        tls.RemoteCertificate!.Subject.ShouldBe("CN=one"); // It is authenticated.
    }

    [Fact]
    public async Task WithoutADefault_OtherNamesAreClosed()
    {
        await using var origin = new RawOrigin(connection => connection.Reader.ReadToEndAsync());
        await using var penstock = await StartAsync(["mode: tcp", "sni: [{name: a.test, to: [{cluster: main}]}, {without_name: true, to: [{cluster: main}]}]"], origin.Endpoint, origin.Endpoint, origin.Endpoint);

        await Should.ThrowAsync<IOException>(() => SubjectAsync(penstock.Port, "b.test"));

        await penstock.AwaitMetricAsync("penstock_tcp_connections_total{cluster=\"\",listener=\"front\",reason=\"no_route\",route=\"\"} 1\n");
    }

    [Fact]
    public async Task WhatIsNoClientHello_IsClosedOrGoesToTheDefault()
    {
        await using var origin = RawOrigin.Answering();
        await using var closing = await StartAsync([.. s_rules, "timeouts: {header: 500ms}"], origin.Endpoint, origin.Endpoint, origin.Endpoint);
        foreach (var (bytes, reason) in ((string, string)[])[("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "hello_not_tls"), ("\u0016\u0003\u0001\0\u0001\u0002", "hello_other_message"), ("\u0016\u0003\u0001", "client_hello_timeout"), ("", "client_hello_timeout")])
        {
            using var client = await RawClient.ConnectAsync(closing.Port);
            await client.SendAsync(bytes);
            (await client.IsClosedAsync()).ShouldBeTrue(reason);
            await closing.AwaitMetricAsync($"reason=\"{reason}\",route=\"\"}} ");
        }

        await using var passing = await StartAsync([.. s_rules, "not_tls: default"], origin.Endpoint, Down(), Down());
        (await RawClient.AskAsync(passing.Port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")).Text.ShouldBe("ok");
        closing.Child.HasExited.ShouldBeFalse();
    }

    private static string Down() => $"127.0.0.1:{FreePort.Next()}";

    private static Task<PenstockProcess> StartAsync(string[] listener, string main, string one, string two) =>
        PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [main], Clusters = [("one", one), ("two", two)], Listener = listener });

    private static async Task<string> SubjectAsync(int port, string name)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(name);
        return tls.RemoteCertificate!.Subject; // It is authenticated.
    }

    /// <summary>Writes byte by byte.</summary>
    private sealed class DrippingStream(Socket socket) : NetworkStream(socket, ownsSocket: false)
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (var i = 0; i < buffer.Length; i++)
            {
                await base.WriteAsync(buffer.Slice(i, 1), cancellationToken);
            }
        }
    }
}
