// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.L7.Tests.Http2;

namespace Penstock.L7.Tests.Engine;

/// <summary>How HTTP/1.1 connections end: no request is lost that its client could rightly send.</summary>
public sealed class DrainTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task ClientThatHasJustConnected_IsServed()
    {
        await using var engine = new Http2Engine();
        using var client = engine.ConnectPlain();
        await UntilAsync(() => engine.Engine.OpenConnections() == 1);

        var drained = Task.FromResult(0);
        engine.WhileHeld(() =>
        {
            drained = engine.Engine.DrainAsync(s_patience);
            engine.Post(() => client.Send("GET /fixed HTTP/1.1\r\nHost: a\r\n\r\n"u8)); // A drain that ends it has done so by then; it has a second, which a busy host may let pass.
        });

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200");
        client.Dispose();
        (await drained).ShouldBe(0);
    }

    [Fact]
    public async Task MakingWayForAnotherProcess_ServesOnUntilWhatWasThereHasEnded()
    {
        await using var engine = new Http2Engine();
        engine.Engine.ForIdle = s_patience;
        using var busy = engine.ConnectPlain();
        busy.Send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"u8);
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        using var idle = engine.ConnectPlain();
        Get(idle).ShouldNotContain("Connection: close");

        var left = engine.Engine.MakeWayAsync(2 * s_patience);
        await UntilAsync(() =>
        {
            using var later = engine.ConnectPlain();
            return Get(later).Contains("Connection: close", StringComparison.Ordinal);
        });
        Get(idle).ShouldContain("Connection: close", Case.Sensitive, "it waits for its next request");
        idle.Receive(new byte[1]).ShouldBe(0);
        using var last = engine.ConnectPlain();
        Get(last).ShouldStartWith("HTTP/1.1 200", Case.Sensitive, "new ones are taken");
        Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

        Http2Engine.ReadHead(busy).ShouldContain("200 OK");
        busy.Dispose();
        await left;
        last.Dispose();
        (await engine.Engine.DrainAsync(s_patience, keepsListening: true)).ShouldBe(0);
    }

    private static string Get(Socket client)
    {
        client.Send("GET /fixed HTTP/1.1\r\nHost: a\r\n\r\n"u8);
        var head = Http2Engine.ReadHead(client);
        Http2Engine.ReadBytes(client, "hello\n".Length).ShouldBe("hello\n");
        return head;
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        var begun = Environment.TickCount64;
        while (!isSo())
        {
            (Environment.TickCount64 - begun).ShouldBeLessThan((long)s_patience.TotalMilliseconds);
            await Task.Delay(10);
        }
    }
}
