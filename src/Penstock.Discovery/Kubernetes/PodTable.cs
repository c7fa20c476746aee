// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Penstock.Model;

namespace Penstock.Discovery.Kubernetes;

/// <summary>
/// Endpoints by the addresses of pods. A change costs as much as its slice has endpoints, and the list a copy of its references; endpoints of slices that have not changed keep their
/// instances, so that whoever compares lists does so by them. An address may be in two slices for a while, as it moves from one to the other: it counts once, as ready where one has it ready.
/// </summary>
/// <param name="port">Name of the port; null: there is one only.</param>
/// <param name="form">Makes endpoints.</param>
/// <param name="most">Endpoints there may be.</param>
internal sealed class PodTable(string? port, EndpointForm form, int most) : IEndpointTable
{
    private readonly SortedDictionary<string, PodSlice> _slices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _portless = new(StringComparer.Ordinal);
    private readonly Dictionary<SocketEndpoint, PodSlice> _owners = [];
    private readonly Dictionary<SocketEndpoint, List<PodSlice>> _shared = [];

    /// <inheritdoc/>
    public string? Trouble => _portless.Count == 0 ? null
        : port is null ? $"the Service has not exactly one port of {form.Protocol} ({_portless.Values.First()}): name one with the key port"
        : $"the Service has no port {port} of {form.Protocol}; there is {_portless.Values.First()}";

    /// <inheritdoc/>
    public void Put(SliceObject slice)
    {
        var number = ServicePort.Choose(slice.Ports, port, form.IsUdp);
        var known = _slices.GetValueOrDefault(slice.Name)?.Endpoints.Length ?? 0;
        if (number is not null && _owners.Count - known + slice.Endpoints.Count > most)
            throw new InvalidDataException($"more than {most} endpoints");
        Remove(slice.Name);
        if (number is null)
        {
            // One without ports is of a Service without pods.
            if (slice.Endpoints.Count > 0)
                _portless[slice.Name] = ServicePort.Names(slice.Ports, form.IsUdp);
            return;
        }

        var added = new PodSlice(slice, number.Value, form);
        _slices.Add(slice.Name, added);
        foreach (var endpoint in added.Endpoints)
            Share(endpoint.Address, added);
    }

    /// <inheritdoc/>
    public void Remove(string slice)
    {
        _portless.Remove(slice);
        if (!_slices.Remove(slice, out var removed))
            return;
        foreach (var endpoint in removed.Endpoints)
        {
            if (!_shared.TryGetValue(endpoint.Address, out var owners))
            {
                _owners.Remove(endpoint.Address);
                continue;
            }

            owners.Remove(removed);
            _owners[endpoint.Address] = owners[0];
            if (owners.Count == 1)
                _shared.Remove(endpoint.Address);
        }
    }

    /// <inheritdoc/>
    public void Clear()
    {
        _slices.Clear();
        _portless.Clear();
        _owners.Clear();
        _shared.Clear();
    }

    /// <inheritdoc/>
    public ImmutableArray<Endpoint> Build()
    {
        var endpoints = new Endpoint[_owners.Count];
        var sharing = _shared.Values.SelectMany(owners => owners).ToHashSet();
        var count = 0;
        foreach (var slice in _slices.Values)
        {
            if (!sharing.Contains(slice))
            {
                slice.Endpoints.CopyTo(endpoints.AsSpan(count));
                count += slice.Endpoints.Length;
                continue;
            }

            foreach (var endpoint in slice.Endpoints)
            {
                if (!_shared.TryGetValue(endpoint.Address, out var owners) || ReferenceEquals(Best(endpoint.Address, owners), endpoint))
                    endpoints[count++] = endpoint;
            }
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(endpoints);
    }

    private void Share(SocketEndpoint address, PodSlice slice)
    {
        if (_owners.TryAdd(address, slice))
            return;
        if (!_shared.TryGetValue(address, out var owners))
            _shared[address] = owners = [_owners[address]];
        owners.Add(slice);
    }

    private static Endpoint? Best(SocketEndpoint address, List<PodSlice> owners)
    {
        Endpoint? best = null;
        foreach (var owner in owners)
        {
            var found = owner.Find(address);
            if (best is null || (found is { State: EndpointState.Ready } && best.State != EndpointState.Ready))
                best = found;
        }

        return best;
    }
}
