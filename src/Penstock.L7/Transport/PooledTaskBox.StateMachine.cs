// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;

namespace Penstock.L7.Transport;

/// <summary>The box of one async method.</summary>
internal sealed class PooledTaskBox<TResult, TStateMachine> : PooledTaskBox<TResult>
    where TStateMachine : IAsyncStateMachine
{
    /// <summary>Boxes of one method kept by one thread; those beyond it go to the garbage collector.</summary>
    private const int MaxKept = 16 << 10;

    [ThreadStatic]
    private static Stack<PooledTaskBox<TResult, TStateMachine>>? free;

    private PooledTaskBox() => MoveNext = () => StateMachine.MoveNext();

    /// <summary>The method's state.</summary>
    internal TStateMachine StateMachine = default!; // Set right after Rent.

    /// <summary>Goes on with the method.</summary>
    internal Action MoveNext { get; }

    /// <summary>A box from this thread's free list, or a new one.</summary>
    internal static PooledTaskBox<TResult, TStateMachine> Rent() =>
        free is { } stack && stack.TryPop(out var box) ? box : new PooledTaskBox<TResult, TStateMachine>();

    /// <inheritdoc/>
    protected override void Return()
    {
        StateMachine = default!; // Rent's caller sets it again.
        var stack = free ??= new Stack<PooledTaskBox<TResult, TStateMachine>>();
        if (stack.Count < MaxKept)
            stack.Push(this);
    }
}
