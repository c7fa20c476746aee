// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.L7.Transport;
using Penstock.Linux;

namespace Penstock.L7.Tests.Transport;

public sealed class ReactorTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Turn_SourceThatThrows_LeavesTheOthersTheirEdges()
    {
        using var reactor = new Reactor(0, NullLogger.Instance);
        using var first = Epoll.CreateEventCounter();
        using var second = Epoll.CreateEventCounter();
        var sources = new[] { new ThrowingSource(), new ThrowingSource() };
        reactor.Add(sources[0], first.Number, EpollEvents.In | EpollEvents.EdgeTriggered).Error.ShouldBe(Errno.None);
        reactor.Add(sources[1], second.Number, EpollEvents.In | EpollEvents.EdgeTriggered).Error.ShouldBe(Errno.None);
        Epoll.Signal(first.Number);
        Epoll.Signal(second.Number);

        reactor.Start();
        await TurnAsync(reactor);

        sources.ShouldAllBe(source => source.Calls == 1);
        reactor.LoopFailures.ShouldBe(2);
    }

    [Fact]
    public async Task Yielded_ActionThatThrows_LeavesTheOthersToRun()
    {
        using var reactor = new Reactor(0, NullLogger.Instance);
        var ran = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        reactor.Yield(() => throw new InvalidTimeZoneException());
        reactor.Yield(ran.SetResult);

        reactor.Start();
        await ran.Task.WaitAsync(Patience);

        reactor.LoopFailures.ShouldBe(1);
    }

    [Fact]
    public async Task Posted_ActionThatThrows_LeavesTheOthersToRun()
    {
        using var reactor = new Reactor(0, NullLogger.Instance);
        reactor.Post(() => throw new InvalidTimeZoneException());

        reactor.Start();
        await TurnAsync(reactor);

        reactor.LoopFailures.ShouldBe(1);
    }

    private static Task TurnAsync(Reactor reactor)
    {
        var turned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        reactor.Post(turned.SetResult);
        return turned.Task.WaitAsync(Patience);
    }

    private sealed class ThrowingSource : EpollSource
    {
        internal int Calls { get; private set; }

        internal override void OnEvents(EpollEvents events)
        {
            Calls++;
            throw new InvalidTimeZoneException();
        }
    }
}
