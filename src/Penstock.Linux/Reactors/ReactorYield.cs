// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Penstock.Linux.Reactors;

/// <summary>Awaiting it goes on in the reactor's next turn.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct ReactorYield : ICriticalNotifyCompletion
{
    private readonly Reactor _reactor;

    public ReactorYield(Reactor reactor) => _reactor = reactor;

    public bool IsCompleted => false;

    public ReactorYield GetAwaiter() => this;

    public void GetResult()
    {
        // Nothing to hand over.
    }

    public void OnCompleted(Action continuation) => _reactor.Yield(continuation);

    public void UnsafeOnCompleted(Action continuation) => _reactor.Yield(continuation);
}
