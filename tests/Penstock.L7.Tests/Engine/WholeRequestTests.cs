// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.L7.Tests.Http2;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.Engine;

/// <summary>The time for the whole of a request, of whatever answers it.</summary>
public sealed class WholeRequestTests
{
    private static readonly ListenerTimeouts s_timeouts = new() { Request = TimeSpan.FromSeconds(1), Body = TimeSpan.FromMinutes(10), MinRequestBytesPerSecond = 0 };

    [Theory]
    [InlineData("/fixed", "200 OK")]
    [InlineData("/x%2f..%2fadmin", "400 Bad Request")]
    public async Task Body_ThatStops_BehindAnAnswerOfTheProxysOwn_EndsTheConnection(string path, string status)
    {
        await using var engine = new Http2Engine(timeouts: s_timeouts);
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, $"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nbegun");

        var head = Http2Engine.ReadHead(client);
        head.ShouldStartWith($"HTTP/1.1 {status}\r\n");
        head.ShouldNotContain("Connection: close");
        ReadToEnd(client);
    }

    [Fact]
    public async Task Body_ThatStops_WhenTheTimeIsOver_IsNotWaitedFor()
    {
        await using var engine = new Http2Engine(timeouts: s_timeouts);
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nbegun");
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);

        var head = Http2Engine.ReadHead(client);

        head.ShouldStartWith("HTTP/1.1 504 ");
        head.ShouldContain("Connection: close");
        ReadToEnd(client);
    }

    private static void ReadToEnd(Socket client)
    {
        while (client.Receive(new byte[100]) > 0)
        {
        }
    }
}
