// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.L7;

/// <summary>What the proxy tier does at this moment.</summary>
/// <param name="Generation">Snapshot that new requests use.</param>
/// <param name="Reactors">Number of reactors.</param>
/// <param name="Listeners">Listeners.</param>
/// <param name="Endpoints">Endpoints with their load.</param>
/// <param name="Warnings">What keeps it from serving all it could, in words.</param>
public sealed record L7Status(long Generation, int Reactors, ImmutableArray<ListenerStatus> Listeners, ImmutableArray<EndpointStatus> Endpoints, ImmutableArray<string> Warnings);
