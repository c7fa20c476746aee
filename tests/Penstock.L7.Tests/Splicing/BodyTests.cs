// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Text;
using Penstock.L7.Errors;
using Penstock.L7.Tests.Http2;
using Penstock.Linux.Relays;
using Penstock.Model.L7;
using static Penstock.L7.Tests.Splicing.BulkStream;

namespace Penstock.L7.Tests.Splicing;

/// <summary>Bodies that go through pipes are those that go through buffers.</summary>
public sealed class BodyTests
{
    [Theory]
    [InlineData(PipePool.MaxKept)]
    [InlineData(0)]
    public async Task Response_IsWholeAndItsConnectionsGoOn(int pipes)
    {
        await using var engine = new Http2Engine(pipes: pipes);
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, Get);
        using var origin = engine.Accept();
        for (var round = 0; round < 3; round++)
        {
            Http2Engine.ReadHead(origin);
            var sending = Task.Run(() => Send(origin, [.. Encoding.ASCII.GetBytes(AnswerHead()), .. Body])); // The head and the body's beginning in one read.
            Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");
            Expect(client);
            await sending;
            Http2Engine.Send(client, Get);
        }

        Http2Engine.ReadHead(origin); // Of the fourth request, on the same connection.
        (engine.Spliced > Length).ShouldBe(pipes > 0);
        engine.Forwarded.ShouldBe((0, 3L * Length));
    }

    [Theory]
    [InlineData(PipePool.MaxKept)]
    [InlineData(0)]
    public async Task Requests_ThatAreAnsweredAtOnce_KeepTheirConnections(int pipes)
    {
        await using var engine = new Http2Engine(pipes: pipes);
        using var client = engine.ConnectPlain();
        var head = Encoding.ASCII.GetBytes(PutHead());
        var sending = Task.Run(() => Send(client, [.. head, .. Body]));
        using var origin = engine.Accept();
        for (var round = 0; round < 150; round++)
        {
            Http2Engine.ReadHead(origin).ShouldStartWith("PUT /a ");
            Expect(origin);
            Http2Engine.Send(origin, "HTTP/1.1 204 No Content\r\n\r\n");
            await sending;
            sending = Task.Run(() => Send(client, [.. head, .. Body])); // Neither end has closed.
            Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 204 ");
        }

        Http2Engine.ReadHead(origin).ShouldStartWith("PUT /a ");
        Expect(origin);
        await sending;
    }

    [Theory]
    [InlineData(PipePool.MaxKept)]
    [InlineData(0)]
    public async Task Request_IsWholeAndTheNextBehindItIsNotPartOfIt(int pipes)
    {
        await using var engine = new Http2Engine(pipes: pipes);
        using var client = engine.ConnectPlain();
        var sending = Task.Run(() => Send(client, [.. Encoding.ASCII.GetBytes(PutHead()), .. Body, .. Encoding.ASCII.GetBytes(Get)]));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin).ShouldStartWith("PUT /a ");
        Expect(origin);
        await sending;
        origin.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectRead).ShouldBeFalse("more than the body has come");

        Http2Engine.Send(origin, "HTTP/1.1 204 No Content\r\n\r\n");
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 204 ");
        Http2Engine.ReadHead(origin).ShouldStartWith("GET /a ");
        Http2Engine.Send(origin, "HTTP/1.1 204 No Content\r\n\r\n");
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 204 ");

        (engine.Spliced is > 0 and <= Length).ShouldBe(pipes > 0);
        engine.Forwarded.ShouldBe((Length, 0));
    }

    [Fact]
    public async Task Responses_ToPipelinedRequestsOfAClientThatIsSlow_KeepTheirOrder()
    {
        await using var engine = new Http2Engine();
        using var client = engine.ConnectPlain(receives: 4096);
        Http2Engine.Send(client, Get + Get + "GET /fixed HTTP/1.1\r\nHost: a\r\n\r\n");
        using var origin = engine.Accept();
        var answering = Task.Run(() =>
        {
            for (var round = 0; round < 2; round++)
            {
                Http2Engine.ReadHead(origin);
                Http2Engine.Send(origin, AnswerHead());
                Send(origin, Body);
            }
        });
        for (var round = 0; round < 2; round++)
        {
            Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");
            Expect(client);
        }

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");
        Http2Engine.ReadBytes(client, 6).ShouldBe("hello\n");
        await answering;
        engine.Spliced.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task BytesBehindAResponse_AreNobodys()
    {
        await using var engine = new Http2Engine();
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, Get);
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        var sending = Task.Run(() => Send(origin, [.. Encoding.ASCII.GetBytes(AnswerHead()), .. Body, .. "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"u8]));
        Http2Engine.ReadHead(client);
        Expect(client);
        await sending;

        Http2Engine.Send(client, Get);
        using var next = engine.Accept(); // The connection with the bytes on it takes no other request.
        Http2Engine.ReadHead(next);
        Http2Engine.Send(next, "HTTP/1.1 204 No Content\r\n\r\n");
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 204 ");
        engine.Spliced.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task ClientThatEndsItsSideBehindABody_GetsItsAnswer()
    {
        await using var engine = new Http2Engine();
        using var client = engine.ConnectPlain();
        var sending = Task.Run(() =>
        {
            Http2Engine.Send(client, PutHead());
            Send(client, Body);
            client.Shutdown(SocketShutdown.Send);
        });
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Expect(origin);
        await sending;
        Http2Engine.Send(origin, AnswerHead());
        var answering = SendAsync(origin);

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");
        Expect(client);
        client.Receive(new byte[1]).ShouldBe(0);
        await answering;
        engine.Spliced.ShouldBeGreaterThan(Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EndpointThatEndsInTheMiddle_IsNotTakenForAnEnd(bool resets)
    {
        await using var engine = new Http2Engine();
        using var ends = Answer(engine);
        var (client, origin) = ends;
        var sending = SendAsync(origin, 0, Length / 2);
        Http2Engine.ReadHead(client);
        Expect(client, 0, Length / 2);
        await sending;

        if (resets)
            origin.Close(timeout: 0);
        else
            origin.Dispose();

        Drain(client, out var more);
        more.ShouldBe(0);
        engine.Spliced.ShouldBeGreaterThan(0);
        await UntilAsync(() => engine.CountOf(ProxyError.ResponseIncomplete) == 1);
        engine.Forwarded.ShouldBe((0, Length / 2));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ClientThatEndsInTheMiddle_IsNotTakenForAnEnd(bool resets)
    {
        await using var engine = new Http2Engine();
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, PutHead());
        var sending = SendAsync(client, 0, Length / 2);
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Expect(origin, 0, Length / 2);
        await sending;

        if (resets)
            client.Close(timeout: 0);
        else
            client.Shutdown(SocketShutdown.Send);

        Drain(origin, out var more);
        more.ShouldBe(0);
        engine.Spliced.ShouldBeGreaterThan(0);
        await UntilAsync(() => engine.CountOf(resets ? ProxyError.ClientClosed : ProxyError.RequestIncomplete) == 1);
    }

    [Fact]
    public async Task Endpoint_ThatAnswersInTheMiddleOfABody_IsHeard()
    {
        await using var engine = new Http2Engine();
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, PutHead(100_000_000));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.SendUntilHeld(client, 100_000_000).ShouldBeLessThan(50_000_000);
        client.Blocking = true;
        engine.Spliced.ShouldBeGreaterThan(0);

        Http2Engine.Send(origin, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 413 ");
        Drain(origin, out _);
    }

    [Fact]
    public async Task Client_ThatTakesNothing_IsGivenUp()
    {
        await using var engine = new Http2Engine(timeouts: new ListenerTimeouts { Body = TimeSpan.FromSeconds(5) });
        var (client, origin) = Hold(engine);

        Drain(origin, out _);

        await UntilAsync(() => engine.CountOf(ProxyError.ResponseNotTaken) == 1);
        client.Dispose();
        origin.Dispose();
    }

    [Fact]
    public async Task Client_ThatSendsNothingMore_IsGivenUp()
    {
        await using var engine = new Http2Engine(timeouts: new ListenerTimeouts { Body = TimeSpan.FromSeconds(3) });
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, PutHead());
        var sending = SendAsync(client, 0, Length / 2);
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Expect(origin, 0, Length / 2);
        await sending;

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 408 ");
        Drain(origin, out _);
        engine.Spliced.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Endpoint_ThatSendsNothingMore_IsGivenUp()
    {
        await using var engine = new Http2Engine(cluster: cluster => cluster with { Timeouts = cluster.Timeouts with { Body = TimeSpan.FromSeconds(3) } });
        using var ends = Answer(engine);
        var (client, origin) = ends;
        var sending = SendAsync(origin, 0, Length / 2);
        Http2Engine.ReadHead(client);
        Expect(client, 0, Length / 2);
        await sending;

        Drain(client, out var more);
        more.ShouldBe(0);
        await UntilAsync(() => engine.CountOf(ProxyError.ConnectionReadTimeout) == 1);
        engine.Spliced.ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task UrgentByte_InABody_StopsNothing(bool isAhead)
    {
        await using var engine = new Http2Engine();
        using var ends = Answer(engine);
        var (client, origin) = ends;
        if (isAhead)
            origin.Send("!"u8, SocketFlags.OutOfBand);
        var sending = Task.Run(() =>
        {
            Send(origin, Body.AsSpan(0, Length / 2));
            if (!isAhead)
                origin.Send("!"u8, SocketFlags.OutOfBand);
            Send(origin, Body.AsSpan(Length / 2));
        });
        Http2Engine.ReadHead(client);

        Expect(client);
        await sending;
    }

    [Theory]
    [InlineData(PipePool.MaxKept)]
    [InlineData(0)]
    public async Task UrgentByte_WithMoreBehindItAlready_StopsNothing(int pipes)
    {
        await using var engine = new Http2Engine(pipes: pipes);
        using var ends = Answer(engine);
        var (client, origin) = ends;
        Http2Engine.ReadHead(client);

        // All that comes is there at once: no later event tells of what is behind the byte.
        engine.WhileHeld(() =>
        {
            Send(origin, Body.AsSpan(0, 20_000));
            origin.Send("!"u8, SocketFlags.OutOfBand);
            Send(origin, Body.AsSpan(20_000, 20_000));
        });

        Expect(client, 0, 40_000);
    }
}
