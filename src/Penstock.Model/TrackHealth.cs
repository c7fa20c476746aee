// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model;

/// <summary>A service or cluster that virtual addresses depend on.</summary>
public abstract record TrackHealth
{
    /// <summary>Name of the service or cluster.</summary>
    [Text(TextForm.Name)]
    [Example("web")]
    public required string Name { get; init; }

    /// <summary>Part of it, by weight, that has to be up; those in drain or maintenance count neither way. Default 1%: one at least.</summary>
    [Unit(Unit.Percent)]
    [Range("1", "100")]
    public int MinReady { get; init; } = 1;
}
