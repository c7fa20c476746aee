// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Tests;

public sealed class EpollTests : IDisposable
{
    private readonly FileDescriptor _epoll = Epoll.Create();
    private readonly FileDescriptor _counter = Epoll.CreateEventCounter();
    private readonly EpollEvent[] _events = new EpollEvent[4];

    public void Dispose()
    {
        _counter.Dispose();
        _epoll.Dispose();
    }

    [Fact]
    public void Wait_SignalledCounter_GivesItsDataUntilCleared()
    {
        Epoll.Add(_epoll.Number, _counter.Number, EpollEvents.In, 0x1234_5678_9abc_def0).Error.ShouldBe(Errno.None);
        Waited().ShouldBe(0);

        Epoll.Signal(_counter.Number);
        Waited().ShouldBe(1);
        _events[0].Events.ShouldBe(EpollEvents.In);
        _events[0].Data.ShouldBe(0x1234_5678_9abc_def0UL);

        Epoll.Clear(_counter.Number);
        Waited().ShouldBe(0);
    }

    [Fact]
    public void Wait_EdgeTriggered_GivesEachSignalOnce()
    {
        Epoll.Add(_epoll.Number, _counter.Number, EpollEvents.In | EpollEvents.EdgeTriggered, 1).Error.ShouldBe(Errno.None);
        Epoll.Signal(_counter.Number);

        Waited().ShouldBe(1);
        Waited().ShouldBe(0);
    }

    [Fact]
    public void Add_Twice_IsRefused()
    {
        Epoll.Add(_epoll.Number, _counter.Number, EpollEvents.In, 1).Error.ShouldBe(Errno.None);

        Epoll.Add(_epoll.Number, _counter.Number, EpollEvents.In, 1).Error.ShouldBe(Errno.EEXIST);
    }

    [Fact]
    public void Remove_Descriptor_IsReportedNoMore()
    {
        Epoll.Add(_epoll.Number, _counter.Number, EpollEvents.In, 1).Error.ShouldBe(Errno.None);
        Epoll.Signal(_counter.Number);

        Epoll.Remove(_epoll.Number, _counter.Number).Error.ShouldBe(Errno.None);

        Waited().ShouldBe(0);
        Epoll.Remove(_epoll.Number, _counter.Number).Error.ShouldBe(Errno.ENOENT);
    }

    private int Waited() => Epoll.Wait(_epoll.Number, _events, timeoutMilliseconds: 0);
}
