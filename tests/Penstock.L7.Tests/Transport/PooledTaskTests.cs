// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.L7.Transport;

namespace Penstock.L7.Tests.Transport;

public sealed class PooledTaskTests
{
    [Fact]
    public async Task Task_ThatSuspends_GivesItsResultLater()
    {
        var gate = new Gate();
        var task = AddAsync(gate, 40);
        task.IsCompleted.ShouldBeFalse();
        gate.Open(2);
        task.IsCompleted.ShouldBeTrue();
        (await task).ShouldBe(42);
    }

    [Fact]
    public void Task_ThatThrowsAfterSuspending_ThrowsWhereItIsAwaited()
    {
        var gate = new Gate();
        var task = FailAsync(gate);
        gate.Open(0);
        Should.Throw<InvalidOperationException>(() => task.GetAwaiter().GetResult()).Message.ShouldBe("as intended");
    }

    [Fact]
    public void Task_ThatThrowsAtOnce_ThrowsWhereItIsAwaited()
    {
        var task = FailAtOnceAsync();
        Should.Throw<InvalidOperationException>(() => task.GetAwaiter().GetResult()).Message.ShouldBe("as intended");
    }

    [Fact]
    public async Task Task_TakenTwice_Throws()
    {
        var gate = new Gate();
        var task = AddAsync(gate, 1);
        gate.Open(1);
        (await task).ShouldBe(2);
        await Should.ThrowAsync<InvalidOperationException>(async () => await task);
    }

    [ReleaseFact]
    public void Tasks_ManySuspendedAtATimeAndAgain_AllocateNothing()
    {
        var gates = Enumerable.Range(0, 100).Select(_ => new Gate()).ToArray();
        var tasks = new ValueTask<int>[gates.Length];
        Allocations.ShouldBeNone(() => Round(gates, tasks)).ShouldBe(gates.Length);
    }

    private static int Round(Gate[] gates, ValueTask<int>[] tasks)
    {
        var sum = 0;
        for (var i = 0; i < gates.Length; i++)
            tasks[i] = AddAsync(gates[i], i);
        for (var i = 0; i < gates.Length; i++)
            gates[i].Open(1);
        for (var i = 0; i < gates.Length; i++)
        {
            sum += tasks[i].GetAwaiter().GetResult() - i;
        }

        return sum;
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private static async ValueTask<int> AddAsync(Gate gate, int number) => number + await gate;

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private static async ValueTask FailAsync(Gate gate)
    {
        await gate;
        throw new InvalidOperationException("as intended");
    }

#pragma warning disable CS1998 // The point is that it never suspends.
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private static async ValueTask FailAtOnceAsync() => throw new InvalidOperationException("as intended");
#pragma warning restore CS1998

    /// <summary>Awaiting it waits until it is opened with a number.</summary>
    private sealed class Gate : ICriticalNotifyCompletion
    {
        private Action? _continuation;
        private int _value;

        public bool IsCompleted => false;

        public Gate GetAwaiter() => this;

        public int GetResult() => _value;

        public void OnCompleted(Action continuation) => _continuation = continuation;

        public void UnsafeOnCompleted(Action continuation) => _continuation = continuation;

        public void Open(int value)
        {
            _value = value;
            _continuation!();
        }
    }
}
