// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.L7.Tests.Http2;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.Engine;

/// <summary>Empty lines that begin no request (RFC 9112 section 2.2): old clients send one behind a body.</summary>
public sealed class EmptyLineTests
{
    private const string Post = "POST /fixed HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok";
    private const string Get = "GET /fixed HTTP/1.1\r\nHost: a\r\n\r\n";

    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(10);

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\r", "\n")]
    public async Task EmptyLine_BehindABody_IsNoHead_ThatWouldHaveToEnd(params string[] pieces)
    {
        await using var engine = Engine(header: s_short, idle: s_long);
        using var client = engine.ConnectPlain();
        Ask(client, Post, atOnce: pieces[0]);
        foreach (var piece in pieces[1..])
        {
            await Task.Delay(100);
            Http2Engine.Send(client, piece);
        }

        await Task.Delay(2 * s_short);

        Ask(client, Get);
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\r\n\r\n")]
    public async Task EmptyLines_AndThenNothing_EndWithoutAnAnswer(string lines)
    {
        await using var engine = Engine(header: s_long, idle: s_short);
        using var client = engine.ConnectPlain();
        Ask(client, Post);
        Http2Engine.Send(client, lines);

        client.Receive(new byte[100]).ShouldBe(0);
    }

    [Fact]
    public async Task EmptyLines_OneAfterTheOther_AreNotTakenForLong()
    {
        await using var engine = Engine(header: s_long, idle: s_long);
        using var client = engine.ConnectPlain();
        Ask(client, Post);
        for (var i = 0; i < 2; i++)
        {
            Http2Engine.Send(client, "\r\n");
            await Task.Delay(100);
        }

        client.Receive(new byte[100]).ShouldBe(0);
    }

    [Fact]
    public async Task EmptyLines_BeforeARequest_AreTooManyWhereverTheyAreCut()
    {
        await using var engine = Engine(header: s_long, idle: s_long);
        using var client = engine.ConnectPlain();
        Ask(client, Post, atOnce: "\r\n");
        await Task.Delay(100);

        Http2Engine.Send(client, "\r\n" + Get);

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 400 ");
    }

    [Fact]
    public async Task EmptyLine_BeforeTheFirstRequest_HasNoAnswerOfItsOwn()
    {
        await using var engine = Engine(header: s_short, idle: s_long);
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, "\r\n");

        client.Receive(new byte[100]).ShouldBe(0);
    }

    [Fact]
    public async Task EmptyLine_BehindABody_DoesNotKeepADrain()
    {
        await using var engine = Engine(header: s_long, idle: s_long);
        using var client = engine.ConnectPlain();
        Ask(client, Post, atOnce: "\r\n");

        (await engine.Engine.DrainAsync(TimeSpan.FromSeconds(60))).ShouldBe(0);

        client.Receive(new byte[100]).ShouldBe(0);
    }

    private static Http2Engine Engine(TimeSpan header, TimeSpan idle) => new(timeouts: new ListenerTimeouts { Header = header, Idle = idle });

    private static void Ask(Socket client, string request, string atOnce = "")
    {
        Http2Engine.Send(client, request + atOnce);
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");
        Http2Engine.ReadBytes(client, "hello\n".Length).ShouldBe("hello\n");
    }
}
