// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.L7.Explaining;

/// <summary>A cluster that a route forwards to.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Percent">Its share of the route's requests, 0 to 100.</param>
/// <param name="Balancing">How an endpoint is chosen.</param>
/// <param name="WhyNot">Why requests that go to it fail, or none go; empty: they are served.</param>
/// <param name="Endpoints">Its endpoints.</param>
public sealed record ClusterChoice(string Name, double Percent, string Balancing, string WhyNot, ImmutableArray<EndpointChoice> Endpoints);
