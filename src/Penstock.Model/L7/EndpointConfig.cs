// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>One endpoint of a static cluster.</summary>
/// <param name="Address">Where it listens.</param>
/// <param name="Weight">Its share among the endpoints, 0 to 65535; 0 takes no requests. Default 1.</param>
[Shorthand("address")]
public sealed record EndpointConfig(
    [property: Address(AddressUse.Connect), Example("\"10.0.0.11:80\"")] SocketEndpoint Address,
    [property: Range("0", "65535")] int Weight = 1);
