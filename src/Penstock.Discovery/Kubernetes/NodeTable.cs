// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model;

namespace Penstock.Discovery.Kubernetes;

/// <summary>
/// Endpoints by the node port of a Service. With externalTrafficPolicy: Cluster every node forwards to the pods; with Local those that have pods take requests, in shares as they have ready
/// ones, and those whose last pod ends are drained. Nodes that are not ready, are cordoned or about to be removed are drained: what they still serve ends as it began, and where every node is so,
/// they are used. Those labelled to be left out of load balancers are none.
/// </summary>
/// <param name="port">Name of the port; null: there is one only.</param>
/// <param name="isExternal">Whether nodes are reached by their external addresses.</param>
/// <param name="form">Makes endpoints.</param>
internal sealed class NodeTable(string? port, bool isExternal, EndpointForm form) : IEndpointTable
{
    private readonly SortedDictionary<string, NodeObject> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SliceObject> _slices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Ready, int Ending)> _pods = new(StringComparer.Ordinal);
    private ServiceObject? _service;

    /// <inheritdoc/>
    public string? Trouble => _service is null ? "there is no such Service"
        : Port is null ? $"the Service has no node port{(port is null ? " that is its only one" : " for " + port)}; it has {ServicePort.Names(_service.Ports, form.IsUdp)}"
        : null;

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
        foreach (var (name, node) in _nodes)
        {
            if ((isExternal ? node.External : node.Internal) is not { } address || node.Metadata.IsExcluded)
                continue;
            var (ready, ending) = service.IsLocal ? _pods.GetValueOrDefault(name) : (1, 0);
            if (ready + ending == 0)
                continue;
            var why = !node.IsReady ? "its node is not ready" : node.IsGoing ? "its node is cordoned, or about to be removed" : EndpointForm.Ends;
            var endpoint = form.Make(address, number, ready > 0 && node is { IsReady: true, IsGoing: false }, node.Metadata.Zone, Math.Max(1, ready), why);
            if (seen.Add(endpoint.Address))
                endpoints.Add(endpoint);
        }

        return endpoints.DrainToImmutable();
    }

    private void Count(SliceObject slice, int sign)
    {
        foreach (var pod in slice.Endpoints)
        {
            var (ready, ending) = _pods.GetValueOrDefault(pod.Node);
            _pods[pod.Node] = pod.IsReady ? (ready + sign, ending) : (ready, ending + sign);
        }
    }
}
