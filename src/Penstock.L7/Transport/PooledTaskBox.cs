// SPDX-License-Identifier: Apache-2.0
using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;

namespace Penstock.L7.Transport;

/// <summary>Where a suspended async method of a reactor waits, and what its caller awaits.</summary>
internal abstract class PooledTaskBox<TResult> : IValueTaskSource<TResult>, IValueTaskSource
{
    private bool _completed;
    private TResult _result = default!; // Set by Complete before anyone reads it.
    private Exception? _exception;
    private Action<object?>? _continuation;
    private object? _state;

    /// <summary>Tells this use of the box from earlier ones.</summary>
    internal short Version { get; private set; }

    /// <summary>Ends the method and goes on with whoever awaits it.</summary>
    internal void Complete(TResult result, Exception? exception)
    {
        _result = result;
        _exception = exception;
        _completed = true;
        if (_continuation is { } continuation)
        {
            _continuation = null;
            continuation(_state);
        }
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => Status(token);

    ValueTaskSourceStatus IValueTaskSource<TResult>.GetStatus(short token) => Status(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        Subscribe(continuation, state);

    void IValueTaskSource<TResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        Subscribe(continuation, state);

    void IValueTaskSource.GetResult(short token) => Take(token);

    TResult IValueTaskSource<TResult>.GetResult(short token) => Take(token);

    /// <summary>Drops the state machine and puts the box on the free list.</summary>
    protected abstract void Return();

    private ValueTaskSourceStatus Status(short token)
    {
        Check(token);
        if (!_completed)
            return ValueTaskSourceStatus.Pending;
        return _exception is null ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Faulted;
    }

    private void Subscribe(Action<object?> continuation, object? state)
    {
        if (_completed)
        {
            continuation(state);
            return;
        }

        _continuation = continuation;
        _state = state;
    }

    private TResult Take(short token)
    {
        Check(token);
        var (result, exception) = (_result, _exception);
        _completed = false;
        _result = default!; // As above.
        _exception = null;
        _state = null;
        Version++;
        Return();
        if (exception is not null)
            ExceptionDispatchInfo.Throw(exception);
        return result;
    }

    private void Check(short token)
    {
        if (token != Version)
            throw new InvalidOperationException("A pooled task was awaited twice.");
    }
}
