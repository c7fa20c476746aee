// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;

namespace Penstock.Discovery.Kubernetes;

/// <summary>A Service, as far as its node ports go.</summary>
/// <param name="Metadata">Its metadata.</param>
/// <param name="Ports">Its ports, by their node ports.</param>
/// <param name="IsLocal">externalTrafficPolicy: Local: nodes without a pod of it drop what comes in.</param>
/// <param name="OnlyFamily">The one address family that it has; null: both, or it is not known.</param>
internal sealed record ServiceObject(ApiMetadata Metadata, IReadOnlyList<ServicePort> Ports, bool IsLocal, AddressFamily? OnlyFamily) : ApiObject(Metadata);
