// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Model;
using Penstock.Model.Observability;

namespace Penstock.L7;

/// <summary>The HTTP proxy tier: reactors, their listeners, and the snapshot they serve.</summary>
public sealed class L7Engine : IAsyncDisposable
{
    /// <summary>An engine that serves nothing until <see cref="Apply"/>.</summary>
    public L7Engine(ILoggerFactory loggers) => _ = loggers;

    /// <summary>One ring for each reactor, present while the access log is configured.</summary>
    public IReadOnlyList<AccessLogRing> AccessLogRings => [];

    /// <summary>
    /// Serves a snapshot. Listeners that stay keep their sockets, new ones are bound first, removed ones stop accepting;
    /// requests in flight finish on the snapshot they began with.
    /// </summary>
    /// <exception cref="L7ApplyException">A listener could not be bound; what ran before runs on, unchanged.</exception>
    public void Apply(Snapshot snapshot) => throw new NotSupportedException("The proxy tier is not built in yet.");

    /// <summary>What runs, for <c>penstock status</c>.</summary>
    public L7Status Status() => throw new NotSupportedException("The proxy tier is not built in yet.");

    /// <summary>Stops accepting, lets requests in flight finish, closes idle connections; returns when none is open or the time is over (then the rest is closed).</summary>
    /// <returns>Connections that had to be cut.</returns>
    public Task<int> DrainAsync(TimeSpan timeout) => throw new NotSupportedException("The proxy tier is not built in yet.");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
