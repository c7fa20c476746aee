// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Errors;
using Penstock.L7.Tests.Http2;

namespace Penstock.L7.Tests.Engine;

/// <summary>After a defect on the way of a request's body nobody knows how much of it is still to be read.</summary>
public sealed class BodyDefectTests
{
    [Fact]
    public async Task DefectOnTheWayOfABody_IsToldAndTheConnectionEnds()
    {
        await using var engine = new Http2Engine(pipes: Http2Engine.Defective);
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"); // Long enough for a pipe.

        var head = Http2Engine.ReadHead(client);

        head.ShouldStartWith("HTTP/1.1 500 ");
        head.ShouldContain("\r\nConnection: close\r\n");
        var text = new byte[1024];
        while (client.Receive(text) > 0)
        {
            // What the error says.
        }

        engine.CountOf(ProxyError.InternalError).ShouldBe(1);
    }
}
