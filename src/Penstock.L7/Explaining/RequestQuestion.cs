// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.L7.Explaining;

/// <summary>A request that somebody asks about.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Url"><c>http://HOST[:PORT]/PATH</c>, <c>https://…</c>, or a path alone.</param>
/// <param name="Headers">Its fields, each as <c>Name: value</c>; Host is the URL's unless it is one of them.</param>
/// <param name="Listener">The listener that it comes to; null: the one at the URL's port.</param>
public sealed record RequestQuestion(string Method, string Url, ImmutableArray<string> Headers, string? Listener);
