// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.L7;

/// <summary>What the proxy tier does at this moment.</summary>
/// <param name="Generation">Snapshot that new requests use.</param>
/// <param name="Reactors">Number of reactors.</param>
/// <param name="Listeners">Listeners.</param>
/// <param name="Endpoints">Endpoints with their load.</param>
public sealed record L7Status(long Generation, int Reactors, ImmutableArray<ListenerStatus> Listeners, ImmutableArray<EndpointStatus> Endpoints);
