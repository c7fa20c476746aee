// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Explaining;

/// <summary>An endpoint of a cluster that a request may go to.</summary>
/// <param name="Address">Address.</param>
/// <param name="State"><c>ready</c>, <c>drain</c>, <c>maintenance</c> or <c>down</c>.</param>
/// <param name="Weight">Weight.</param>
/// <param name="Percent">Its part of the weight of all that take requests, 0 to 100.</param>
/// <param name="WhyNot">Why it takes none; empty: it does.</param>
public sealed record EndpointChoice(string Address, string State, int Weight, double Percent, string WhyNot);
