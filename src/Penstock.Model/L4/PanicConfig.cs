// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L4;

/// <summary>
/// When health checks of a service are no longer believed: so many backends down at once is a fault of the checks or of the way there more often than of the
/// backends, and those that are left would take a load they were not made for (Envoy: panic threshold).
/// </summary>
[Shorthand("below")]
public sealed record PanicConfig
{
    /// <summary>Part of the backends, by weight, that has to be up: below it all are used. Those in drain or maintenance count neither way.</summary>
    [Unit(Unit.Percent)]
    [Range("1", "100")]
    [Example("50%")]
    public required int Below { get; init; }

    /// <summary>Part at which health checks are believed again; null: 10% more than below, at most 100%.</summary>
    [Unit(Unit.Percent)]
    [Range("1", "100")]
    [Example("75%")]
    public int? Until { get; init; }

    /// <summary>The part at which it ends.</summary>
    public int End => Until ?? Math.Min(100, Below + 10);
}
