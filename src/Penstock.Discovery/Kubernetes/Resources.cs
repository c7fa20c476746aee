// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>What there is to ask for about a Service. Names of objects need no escapes in a URL.</summary>
internal static class Resources
{
    /// <summary>EndpointSlices of a Service: v1 since Kubernetes 1.21, v1beta1 until 1.24.</summary>
    public static Resource<SliceObject> Slices(string @namespace, string service)
    {
        var reader = new SliceReader();
        return new Resource<SliceObject>(
            "EndpointSlices",
            [$"/apis/discovery.k8s.io/v1/namespaces/{@namespace}/endpointslices", $"/apis/discovery.k8s.io/v1beta1/namespaces/{@namespace}/endpointslices"],
            $"labelSelector=kubernetes.io%2Fservice-name%3D{service}",
            reader.Read);
    }

    /// <summary>The Service itself.</summary>
    public static Resource<ServiceObject> Service(string @namespace, string service) =>
        new("Services", [$"/api/v1/namespaces/{@namespace}/services"], $"fieldSelector=metadata.name%3D{service}", ServiceReader.Read);

    /// <summary>Every Node.</summary>
    public static Resource<NodeObject> Nodes() => new("Nodes", ["/api/v1/nodes"], "", NodeReader.Read);
}
