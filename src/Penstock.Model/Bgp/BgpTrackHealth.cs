// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.Bgp;

/// <summary>A service or cluster that announcements depend on.</summary>
[Shorthand("name")]
public sealed record BgpTrackHealth : TrackHealth;
