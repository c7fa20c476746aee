// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;

namespace Penstock.L7.Transport;

/// <summary>
/// Builds async methods that return <see cref="ValueTask"/> and allocate nothing once warm: their state machines come from a
/// free list of the thread. The runtime's own pooling builder keeps one or two of a kind; a reactor suspends thousands.
/// Such a method starts, goes on and is awaited on one reactor thread only, and is awaited exactly once.
/// </summary>
internal struct PooledTaskMethodBuilder
{
    private PooledTaskMethodBuilder<bool> _inner;

    public readonly ValueTask Task
    {
        get
        {
            var task = _inner.Untyped;
            return task;
        }
    }

    public static PooledTaskMethodBuilder Create() => default;

    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine stateMachine) => _ = stateMachine;

    public void SetResult() => _inner.SetResult(result: true);

    public void SetException(Exception exception) => _inner.SetException(exception);

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => _inner.AwaitOnCompleted(ref awaiter, ref stateMachine);

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => _inner.AwaitUnsafeOnCompleted(ref awaiter, ref stateMachine);
}
