// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Penstock.L7.Transport;

/// <summary>As <see cref="PooledTaskMethodBuilder"/>, for methods that return <see cref="ValueTask{TResult}"/>.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct PooledTaskMethodBuilder<TResult>
{
    private PooledTaskBox<TResult>? _box;
    private Exception? _exception;
    private TResult _result;

    public readonly ValueTask<TResult> Task
    {
        get
        {
            if (_box is not null)
                return new ValueTask<TResult>(_box, _box.Version);
            return _exception is null ? new ValueTask<TResult>(_result) : ValueTask.FromException<TResult>(_exception);
        }
    }

    /// <summary>The task without its result.</summary>
    internal readonly ValueTask Untyped
    {
        get
        {
            if (_box is not null)
                return new ValueTask(_box, _box.Version);
            return _exception is null ? default : ValueTask.FromException(_exception);
        }
    }

    public static PooledTaskMethodBuilder<TResult> Create() => default;

    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine stateMachine) => _ = stateMachine;

    public void SetResult(TResult result)
    {
        if (_box is null)
            _result = result;
        else
            _box.Complete(result, exception: null);
    }

    public void SetException(Exception exception)
    {
        if (_box is null)
            _exception = exception;
        else
            _box.Complete(default!, exception); // Never read: GetResult throws.
    }

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.OnCompleted(Suspend(ref stateMachine));

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.UnsafeOnCompleted(Suspend(ref stateMachine));

    private Action Suspend<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        if (_box is PooledTaskBox<TResult, TStateMachine> box)
            return box.MoveNext;
        box = PooledTaskBox<TResult, TStateMachine>.Rent();

        // In this order: this builder is part of the state machine that is copied into the box.
        _box = box;
        box.StateMachine = stateMachine;
        return box.MoveNext;
    }
}
