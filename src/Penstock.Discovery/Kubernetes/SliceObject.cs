// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>An EndpointSlice.</summary>
/// <param name="Metadata">Its metadata.</param>
/// <param name="Endpoints">Its endpoints that are ready or to be drained.</param>
/// <param name="Ports">Its ports.</param>
internal sealed record SliceObject(ApiMetadata Metadata, IReadOnlyList<SliceEndpoint> Endpoints, IReadOnlyList<ServicePort> Ports) : ApiObject(Metadata)
{
    /// <inheritdoc/>
    public override int Parts => Endpoints.Count;
}
