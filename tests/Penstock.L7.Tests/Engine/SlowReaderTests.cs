// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.L7.Errors;
using Penstock.L7.Tests.Http2;

namespace Penstock.L7.Tests.Engine;

/// <summary>A client of HTTP/1.1 that takes its time.</summary>
public sealed class SlowReaderTests
{
    [Fact]
    public async Task Response_WhoseHeadWasSentWithOtherEvents_MayWaitForItsClient()
    {
        await using var engine = new Http2Engine(http2: new() { Enabled = false });
        using var client = engine.ConnectPlain(receives: 4096);
        client.Send(Encoding.ASCII.GetBytes("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        using var other = engine.ConnectPlain();
        engine.InFlight();
        engine.WhileHeld(() =>
        {
            // Two events of one turn: what is flushed is sent at the turn's end.
            Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
            other.Send(Encoding.ASCII.GetBytes("GET /fixed HTTP/1.1\r\nHost: a\r\n\r\n"));
        });
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200");

        Http2Engine.SendUntilHeld(origin, 100_000_000).ShouldBeLessThan(50_000_000);

        engine.CountOf(ProxyError.ResponseNotTaken).ShouldBe(0);
    }
}
