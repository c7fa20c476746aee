// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Explaining;

/// <summary>A listener, and whether it takes a request.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bind">Where it listens.</param>
/// <param name="WhyNot">Why it does not take it; empty: it does.</param>
public sealed record ListenerChoice(string Name, string Bind, string WhyNot);
