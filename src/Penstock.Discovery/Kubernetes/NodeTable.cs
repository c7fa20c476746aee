// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Penstock.Model;

namespace Penstock.Discovery.Kubernetes;

/// <summary>
/// Endpoints by the node port of a Service. With externalTrafficPolicy: Cluster every node forwards to the pods; with Local those that have pods take requests, in shares as they have ready
/// ones, and those whose last pod ends are drained. Nodes that are not ready, are cordoned or about to be removed are drained: what they still serve ends as it began, and where every node is so,
/// they are used. Those labelled to be left out of load balancers are none. A node has an endpoint for each family that it has an address of and the Service has.
/// </summary>
/// <param name="port">Name of the port; null: there is one only.</param>
/// <param name="isExternal">Whether nodes are reached by their external addresses.</param>
/// <param name="form">Makes endpoints.</param>
internal sealed class NodeTable(string? port, bool isExternal, EndpointForm form) : IEndpointTable
{
    private readonly SortedDictionary<string, NodeObject> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SliceObject> _slices = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Node, AddressFamily Family), (int Ready, int Ending)> _pods = [];
    private ServiceObject? _service;

    /// <inheritdoc/>
    public string? Trouble => _service is null ? "there is no such Service"
        : Port is null ? $"the Service has no node port{(port is null ? " that is its only one" : " for " + port)}; it has {ServicePort.Names(_service.Ports, form.IsUdp)}"
        : Unusable is { } node ? $"node {node} has an address of type {(isExternal ? "ExternalIP" : "InternalIP")} that is none, or of the node itself, or of a link: such are passed over"
        : null;

    // The first node by name of those with such an address.
    private string? Unusable => _nodes.FirstOrDefault(one => Of(one.Value).HasUnusable && !one.Value.Metadata.IsExcluded).Key;

    private int? Port => _service is null ? null : ServicePort.Choose(_service.Ports, port, form.IsUdp);

    /// <summary>Takes the Service; null: it is gone.</summary>
    public void Take(ServiceObject? service) => _service = service;

    /// <summary>Takes a Node in place of the one of its name.</summary>
    public void Put(NodeObject node) => _nodes[node.Name] = node;

    /// <summary>Takes a Node away.</summary>
    public void RemoveNode(string node) => _nodes.Remove(node);

    /// <summary>Takes all Nodes away.</summary>
    public void ClearNodes() => _nodes.Clear();

    /// <inheritdoc/>
    public void Put(SliceObject slice)
    {
        Remove(slice.Name);
        _slices.Add(slice.Name, slice);
        Count(slice, sign: 1);
    }

    /// <inheritdoc/>
    public void Remove(string slice)
    {
        if (_slices.Remove(slice, out var removed))
            Count(removed, sign: -1);
    }

    /// <inheritdoc/>
    public void Clear()
    {
        _slices.Clear();
        _pods.Clear();
    }

    /// <inheritdoc/>
    public ImmutableArray<Endpoint> Build()
    {
        if (_service is not { } service || Port is not { } number)
            return [];
        var endpoints = ImmutableArray.CreateBuilder<Endpoint>(_nodes.Count);
        var seen = new HashSet<SocketEndpoint>();
        foreach (var node in _nodes.Values)
        {
            foreach (var address in new[] { Of(node).V4, Of(node).V6 })
            {
                if (address is not null && !node.Metadata.IsExcluded && Make(service, node, address, number) is { } endpoint && seen.Add(endpoint.Address))
                    endpoints.Add(endpoint);
            }
        }

        return endpoints.DrainToImmutable();
    }

    // Null: nothing of the Service is behind that address.
    private Endpoint? Make(ServiceObject service, NodeObject node, IPAddress address, int number)
    {
        var family = address.AddressFamily;
        if (service.OnlyFamily is { } only && only != family)
            return null;
        var (ready, ending) = service.IsLocal ? _pods.GetValueOrDefault((node.Name, family)) : (1, 0);
        if (ready + ending == 0)
            return null;
        var why = !node.IsReady ? "its node is not ready" : node.IsGoing ? "its node is cordoned, or about to be removed" : EndpointForm.Ends;
        return form.Make(address, number, ready > 0 && node is { IsReady: true, IsGoing: false }, node.Metadata.Zone, Math.Max(1, ready), why);
    }

    private NodeAddresses Of(NodeObject node) => isExternal ? node.External : node.Internal;

    private void Count(SliceObject slice, int sign)
    {
        foreach (var pod in slice.Endpoints)
        {
            var key = (pod.Node, pod.Address.AddressFamily);
            var (ready, ending) = _pods.GetValueOrDefault(key);
            _pods[key] = pod.IsReady ? (ready + sign, ending) : (ready, ending + sign);
        }
    }
}
