// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;

namespace Penstock.L7.Transport;

/// <summary>The wait of a value task that its source uses again and again: one at a time, continued on the reactor that ends it. A field of its source, never copied.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct PendingWait
{
    private Action<object?>? _continuation;
    private object? _state;
    private short _version;
    private bool _signaled;

    /// <summary>Whether somebody waits, or has not taken the result yet.</summary>
    internal bool IsBegun { get; private set; }

    /// <summary>Whether somebody waits.</summary>
    internal readonly bool IsPending => IsBegun && !_signaled;

    /// <summary>For the source's GetStatus.</summary>
    internal readonly ValueTaskSourceStatus Status => _signaled ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Pending;

    /// <summary>A wait begins.</summary>
    /// <returns>The value task's token.</returns>
    internal short Begin()
    {
        IsBegun = true;
        _signaled = false;
        return ++_version;
    }

    /// <summary>There is a result.</summary>
    /// <returns>False if there was one already.</returns>
    internal bool TrySignal()
    {
        if (_signaled)
            return false;
        return _signaled = true;
    }

    /// <summary>Goes on with whoever waits, after <see cref="TrySignal"/>.</summary>
    internal void Resume()
    {
        if (_continuation is not { } continuation)
            return;
        var state = _state;
        _continuation = null;
        _state = null;
        continuation(state);
    }

    /// <summary>The result is taken.</summary>
    internal void End() => IsBegun = _signaled = false;

    /// <summary>For the source's OnCompleted.</summary>
    internal void OnCompleted(Action<object?> continuation, object? state)
    {
        if (_signaled)
        {
            continuation(state);
            return;
        }

        _continuation = continuation;
        _state = state;
    }
}
