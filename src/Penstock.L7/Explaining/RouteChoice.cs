// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Explaining;

/// <summary>A route, and whether it takes a request.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Match">What it matches, in a line.</param>
/// <param name="WhyNot">Why it does not take it; empty: it does.</param>
public sealed record RouteChoice(string Name, string Match, string WhyNot);
