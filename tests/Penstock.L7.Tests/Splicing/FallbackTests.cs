// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Errors;
using Penstock.L7.Tests.Http2;
using Penstock.Linux;
using Penstock.Linux.Relays;
using static Penstock.L7.Tests.Splicing.BulkStream;

namespace Penstock.L7.Tests.Splicing;

/// <summary>Where pipes do not do, bytes are copied; and what pipes and turns others need is left to them.</summary>
public sealed class FallbackTests
{
    [Theory]
    [InlineData(Errno.ENOSYS)]
    [InlineData(Errno.EINVAL)]
    [InlineData(Errno.EPERM)]
    [InlineData(Errno.ENOMEM)]
    public async Task SpliceThatIsRefused_LosesNothing(Errno error)
    {
        await using var engine = new Http2Engine(connect: true);
        engine.WhileHeld(() => engine.Post(() => SpliceFilter.Begin(error)));
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, PutHead());
        var sending = SendAsync(client);
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Expect(origin);
        await sending;
        Http2Engine.Send(origin, AnswerHead());
        sending = SendAsync(origin);
        Http2Engine.ReadHead(client);
        Expect(client);
        await sending;
        var (left, right) = OpenTunnel(engine);
        sending = SendAsync(left);
        Expect(right);
        await sending;
        sending = SendAsync(right);
        Expect(left);
        await sending;

        engine.Spliced.ShouldBe(0);
        left.Dispose();
        right.Dispose();
    }

    [Fact]
    public async Task SpliceThatIsRefusedFromSomeTimeOn_LosesNothing()
    {
        await using var engine = new Http2Engine();
        using var ends = Answer(engine);
        var (client, origin) = ends;
        Http2Engine.ReadHead(client);
        var sending = SendAsync(origin, 0, Length / 2);
        Expect(client, 0, Length / 2);
        await sending;
        engine.Spliced.ShouldBeGreaterThan(0);
        engine.WhileHeld(() => engine.Post(() => SpliceFilter.Begin(Errno.EINVAL)));

        sending = SendAsync(origin, Length / 2);
        Expect(client, Length / 2);
        await sending;
    }

    [Fact]
    public async Task Clients_ThatGoWithBytesInPipes_LeavePipesForOthers()
    {
        await using var engine = new Http2Engine(pipes: 1);
        for (var round = 0; round < 3; round++)
        {
            var (client, origin) = Hold(engine);
            client.Close(timeout: 0);
            Drain(origin, out _);
            origin.Dispose();
        }

        var before = engine.Spliced;
        using var other = engine.ConnectPlain();
        Http2Engine.Send(other, Get);
        using var last = engine.Accept();
        Http2Engine.ReadHead(last);
        Http2Engine.Send(last, AnswerHead());
        var sending = SendAsync(last);
        Http2Engine.ReadHead(other);
        Expect(other); // And nothing of those before.
        await sending;
        engine.Spliced.ShouldBeGreaterThan(before);
        engine.CountOf(ProxyError.ClientClosed).ShouldBe(3);
    }

    [Fact]
    public async Task Client_ThatHoldsTheOnlyPipe_HoldsUpNobody()
    {
        await using var engine = new Http2Engine(pipes: 1);
        var (slow, its) = Hold(engine);
        using var ends = Answer(engine);
        var (client, origin) = ends;
        Http2Engine.ReadHead(client);
        var sending = SendAsync(origin, 0, Length / 2);
        Expect(client, 0, Length / 2);
        await sending;
        var before = engine.Spliced;
        slow.Close(timeout: 0);
        Drain(its, out _);

        sending = SendAsync(origin, Length / 2);
        Expect(client, Length / 2);
        await sending;
        engine.Spliced.ShouldBeGreaterThan(before, "the pipe is free again in the middle of a body");
        its.Dispose();
    }

    [Fact]
    public async Task Turn_MovesNoMoreThanItsShare()
    {
        await using var engine = new Http2Engine();
        using var ends = Answer(engine);
        var (client, origin) = ends;
        Http2Engine.ReadHead(client);
        var most = 0L;
        engine.EachTurn(spliced => most = Math.Max(most, spliced));
        var moving = SendAsync(origin);
        Expect(client);
        await moving;

        most.ShouldBeInRange(1, 2 * ((128 << 10) + PipePool.Bytes)); // By an event and by what had yielded: its share, and one move beyond.
    }

    [Fact]
    public async Task Stream_OfHttp2_IsCopied()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();
        using var origin = engine.AnswerUntilHeld(client);

        engine.Spliced.ShouldBe(0);
    }

    [Fact]
    public async Task Reload_InTheMiddleOfABody_LeavesItAsItIs()
    {
        await using var engine = new Http2Engine();
        using var ends = Answer(engine);
        var (client, origin) = ends;
        Http2Engine.ReadHead(client);
        var sending = SendAsync(origin);
        Expect(client, 0, Length / 4);
        engine.Apply(cluster: cluster => cluster with { Endpoints = [] });

        Expect(client, Length / 4);
        await sending;
        engine.Spliced.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Stop_WaitsForABody()
    {
        await using var engine = new Http2Engine();
        using var ends = Answer(engine);
        var (client, origin) = ends;
        Http2Engine.ReadHead(client);
        var sending = SendAsync(origin);
        Expect(client, 0, Length / 4);

        var drained = engine.Engine.DrainAsync(TimeSpan.FromSeconds(60));
        Expect(client, Length / 4);
        client.Receive(new byte[1]).ShouldBe(0);

        client.Dispose();
        (await drained).ShouldBe(0);
        await sending;
        engine.Spliced.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Stop_CutsABodyThatIsNotTaken()
    {
        await using var engine = new Http2Engine();
        var (client, origin) = Hold(engine);

        await engine.Engine.DrainAsync(TimeSpan.FromMilliseconds(100));

        Drain(origin, out _);
        Drain(client, out var bytes);
        bytes.ShouldBeLessThan(100_000_000);
        engine.CountOf(ProxyError.ShuttingDown).ShouldBe(1);
        client.Dispose();
        origin.Dispose();
    }
}
