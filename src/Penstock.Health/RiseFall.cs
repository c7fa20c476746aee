// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.Health;

/// <summary>
/// What a row of check results makes of an endpoint: <c>fall</c> failures in a row take it down, <c>rise</c> successes in a row bring it
/// back. It starts ready (haproxy does alike), since an endpoint nobody has tried yet is better than a 503.
/// </summary>
/// <param name="rise">Successes in a row, at least 1.</param>
/// <param name="fall">Failures in a row, at least 1.</param>
/// <param name="state">State to begin with, <see cref="EndpointState.Ready"/> or <see cref="EndpointState.Down"/>.</param>
/// <param name="reason">Reason of that state.</param>
internal sealed class RiseFall(int rise, int fall, EndpointState state = EndpointState.Ready, string reason = "")
{
    /// <summary>Ready or down.</summary>
    public EndpointState State { get; private set; } = state;

    /// <summary>Why; empty while it is ready from the start.</summary>
    public string Reason { get; private set; } = reason;

    /// <summary>Results in a row that speak against <see cref="State"/>.</summary>
    public int Against { get; private set; }

    /// <summary>Takes in one result.</summary>
    /// <param name="failure">What went wrong; null: nothing.</param>
    /// <returns>Whether <see cref="State"/> changed.</returns>
    public bool Report(string? failure)
    {
        var isReady = State == EndpointState.Ready;
        if (failure is null == isReady)
        {
            Against = 0;
            return false;
        }

        Against++;
        if (Against < (isReady ? fall : rise))
            return false;

        State = isReady ? EndpointState.Down : EndpointState.Ready;
        Reason = failure ?? (rise == 1 ? "a check passed" : $"{rise} checks in a row passed");
        Against = 0;
        return true;
    }
}
