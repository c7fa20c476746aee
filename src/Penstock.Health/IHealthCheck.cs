// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.Health;

/// <summary>One kind of check.</summary>
internal interface IHealthCheck
{
    /// <summary>Checks once.</summary>
    /// <returns>Null: passed; else what went wrong, for people.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled: out of time, or no longer wanted.</exception>
    Task<string?> RunAsync(SocketEndpoint endpoint, CancellationToken cancel);
}
