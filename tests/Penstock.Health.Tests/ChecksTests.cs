// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Health.Tests;

public sealed class ChecksTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task TcpCheck_Listener_Passes(string address)
    {
        using var bound = Listen(IPAddress.Parse(address), out var endpoint);

        (await new TcpCheck().RunAsync(endpoint, default)).ShouldBeNull();
    }

    [Fact]
    public async Task TcpCheck_NobodyListens_SaysRefused()
    {
        SocketEndpoint endpoint;
        using (Listen(IPAddress.Loopback, out endpoint))
        {
        }

        (await new TcpCheck().RunAsync(endpoint, default)).ShouldBe("connect: connection refused");
    }

    [Fact]
    public async Task TcpCheck_UnixSocket_PassesWhileItIsThere()
    {
        var path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N") + ".sock");
        using (var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen();
            (await new TcpCheck().RunAsync(SocketEndpoint.Unix(path), default)).ShouldBeNull();
        }

        (await new TcpCheck().RunAsync(SocketEndpoint.Unix(path), default)).ShouldNotBeNull().ShouldStartWith("connect: ");
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", null)]
    [InlineData("HTTP/1.1 399 Fine\r\n", null)]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\n\r\n", "status 503, expected 200-399")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", "the response is not HTTP/1.x")]
    [InlineData("", "closed without a response")]
    [InlineData("HTTP/1.1 20", "closed before the end of the status line")]
    public async Task HttpCheck_Answer_PassesOrSaysWhy(string answer, string? failure)
    {
        using var listener = Listen(IPAddress.Loopback, out var endpoint);
        var asked = AnswerOnceAsync(listener, answer);

        var result = await new HttpCheck(new HealthCheckConfig { Type = HealthCheckType.Http, Path = "/healthz?x=1" }).RunAsync(endpoint, default);

        result.ShouldBe(failure);
        (await asked).ShouldBe($"GET /healthz?x=1 HTTP/1.1\r\nHost: {endpoint}\r\nUser-Agent: penstock-health\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    }

    [Fact]
    public async Task HttpCheck_EndlessStatusLine_StopsReading()
    {
        using var listener = Listen(IPAddress.Loopback, out var endpoint);
        var asked = AnswerOnceAsync(listener, "HTTP/1.1 200 " + new string('x', 10_000));

        var result = await new HttpCheck(new HealthCheckConfig { Host = "shop.example.com" }).RunAsync(endpoint, default);

        result.ShouldBe("no status within 8192 bytes");
        (await asked).ShouldContain("\r\nHost: shop.example.com\r\n");
    }

    private static Socket Listen(IPAddress address, out SocketEndpoint endpoint)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, 0));
        socket.Listen();
        endpoint = SocketEndpoint.Ip(address, ((IPEndPoint)socket.LocalEndPoint.ShouldNotBeNull()).Port);
        return socket;
    }

    private static async Task<string> AnswerOnceAsync(Socket listener, string answer)
    {
        using var client = await listener.AcceptAsync();
        var buffer = new byte[4096];
        var read = await client.ReceiveAsync(buffer);
        if (answer.Length > 0)
            await client.SendAsync(Encoding.ASCII.GetBytes(answer));

        client.Shutdown(SocketShutdown.Send);
        return Encoding.ASCII.GetString(buffer, 0, read);
    }
}
