// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>One endpoint of a static cluster.</summary>
/// <param name="Address">Where it listens.</param>
/// <param name="Weight">Its share among the endpoints, 0 to 65535; 0 takes no requests. Default 1.</param>
public sealed record EndpointConfig(SocketEndpoint Address, int Weight = 1);
