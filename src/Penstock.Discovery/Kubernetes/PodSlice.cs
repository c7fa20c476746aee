// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using Penstock.Model;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Endpoints of one EndpointSlice, sorted by address, each once: controllers write them in any order.</summary>
internal sealed class PodSlice
{
    private readonly Endpoint[] _endpoints;

    /// <summary>The endpoints of a slice.</summary>
    /// <param name="slice">The slice.</param>
    /// <param name="port">Their port.</param>
    /// <param name="form">Makes them.</param>
    public PodSlice(SliceObject slice, int port, EndpointForm form)
    {
        var keys = new UInt128[slice.Endpoints.Count];
        var order = new int[keys.Length];
        for (var i = 0; i < keys.Length; i++)
            (keys[i], order[i]) = (Key(slice.Endpoints[i].Address), i);
        Array.Sort(keys, order);
        var endpoints = new List<Endpoint>(keys.Length);
        for (var i = 0; i < keys.Length; i++)
        {
            var one = slice.Endpoints[order[i]];
            if (i == 0 || keys[i] != keys[i - 1])
                endpoints.Add(form.Make(one.Address, port, one.IsReady, one.Zone, weight: 1));
            else if (one.IsReady && endpoints[^1].State != EndpointState.Ready)
                endpoints[^1] = form.Make(one.Address, port, isReady: true, one.Zone, weight: 1);
        }

        _endpoints = [.. endpoints];
    }

    /// <summary>The endpoints.</summary>
    public ReadOnlySpan<Endpoint> Endpoints => _endpoints;

    /// <summary>The endpoint of an address; null: none.</summary>
    public Endpoint? Find(SocketEndpoint address) => Array.Find(_endpoints, endpoint => endpoint.Address == address);

    // IPv4 before IPv6.
    private static UInt128 Key(IPAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        return address.TryWriteBytes(octets, out var length) && length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(octets) : BinaryPrimitives.ReadUInt128BigEndian(octets);
    }
}
