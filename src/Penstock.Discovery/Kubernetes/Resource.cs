// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Which objects are asked for.</summary>
/// <param name="Kind">Their kind, for people.</param>
/// <param name="Paths">Paths of the API, the newest version first; the others are for servers that do not have it.</param>
/// <param name="Selector">What of them, as a part of a query; empty: all.</param>
/// <param name="Parse">Reads one.</param>
internal sealed record Resource<T>(string Kind, ImmutableArray<string> Paths, string Selector, ObjectParser<T> Parse)
    where T : ApiObject;
