// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Reactors;

/// <summary>How a reactor gives its processor away. Called on its thread only.</summary>
internal interface IReactorSleep
{
    /// <summary>The thread begins; called once, before all else.</summary>
    void Begin();

    /// <summary>Waits for events of an epoll instance.</summary>
    /// <param name="epoll">Its descriptor.</param>
    /// <param name="events">Takes them.</param>
    /// <param name="timeoutMilliseconds">At most so long; 0: not at all; -1: without end.</param>
    /// <returns>How many have come; 0 after a signal, too.</returns>
    int Wait(int epoll, Span<EpollEvent> events, int timeoutMilliseconds);

    /// <summary>Waits the moment in which events are gathered, whatever comes.</summary>
    void Pause();
}
