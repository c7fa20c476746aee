// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4;

/// <summary>What balances: a program of ours, the kernel's IPVS, or this process. What the kernel does outlives it. One thread calls <see cref="Apply"/>, any the others.</summary>
public interface IL4Engine : IDisposable
{
    /// <summary>Puts a snapshot's services in place; none: takes away what it has put in place.</summary>
    /// <exception cref="L4ApplyException">They can't be; what ran before runs on.</exception>
    void Apply(Snapshot snapshot);

    /// <summary>What it does, with counters read now.</summary>
    L4Status Status();

    /// <summary>What would become of a packet now; null: no services run.</summary>
    /// <param name="from">The client.</param>
    /// <param name="to">Where it sends to.</param>
    /// <param name="protocol">Its protocol.</param>
    PacketExplanation? Explain(IPEndPoint from, IPEndPoint to, TransportProtocol protocol);

    /// <summary>Another process is to take over: connections are taken as ever until those of the beginning that would end with this process have ended, or the time is over.</summary>
    /// <param name="limit">The time.</param>
    Task MakeWayAsync(TimeSpan limit) => Task.CompletedTask;

    /// <summary>Before the end of the process: takes no new connections and waits for those that would end with it. What the kernel carries goes on.</summary>
    /// <param name="timeout">For how long.</param>
    /// <param name="keepsListening">Another process takes over the listening sockets that are kept for it: who connects waits there instead of being refused.</param>
    /// <returns>Connections that are still open then, which <see cref="IDisposable.Dispose"/> resets.</returns>
    Task<int> DrainAsync(TimeSpan timeout, bool keepsListening = false) => Task.FromResult(0);
}
