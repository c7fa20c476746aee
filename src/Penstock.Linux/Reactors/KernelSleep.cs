// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Reactors;

/// <summary>epoll_wait(2) and nanosleep(2).</summary>
internal sealed unsafe class KernelSleep : IReactorSleep
{
    /// <summary>Nanoseconds of a pause. It took a third off the CPU time that a bare relay needs for a request (perf/l7, <c>--floor</c>).</summary>
    private const long PauseNanoseconds = 50_000;

    /// <summary>PR_SET_TIMERSLACK (linux/prctl.h): for the calling thread, and for those that it starts.</summary>
    private const int SetTimerSlack = 29;

    /// <summary>Nanoseconds that the kernel may add to a wait, to wake for several at once. By default 50 us, as much as the pause itself.</summary>
    internal const int Slack = 1_000;

    /// <inheritdoc/>
    public void Begin() => _ = Libc.prctl(SetTimerSlack, Slack); // Where a filter refuses it, pauses are of 100 us.

    /// <inheritdoc/>
    public int Wait(int epoll, Span<EpollEvent> events, int timeoutMilliseconds) => Epoll.Wait(epoll, events, timeoutMilliseconds);

    /// <inheritdoc/>
    public void Pause()
    {
        var time = stackalloc long[2]; // struct timespec: seconds, nanoseconds
        time[0] = 0;
        time[1] = PauseNanoseconds;
        _ = Libc.nanosleep(time, null); // A signal ends it early: no harm.
    }
}
