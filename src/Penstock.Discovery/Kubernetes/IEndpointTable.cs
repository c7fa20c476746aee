// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Endpoints of a Service, made of its EndpointSlices and, where they are reached by nodes, of more. Not for several threads at once.</summary>
internal interface IEndpointTable
{
    /// <summary>What keeps it from having endpoints that it might have; null: nothing.</summary>
    string? Trouble { get; }

    /// <summary>Takes a slice in place of the one of its name.</summary>
    /// <exception cref="InvalidDataException">There are too many endpoints; what was before stays.</exception>
    void Put(SliceObject slice);

    /// <summary>Takes a slice away.</summary>
    void Remove(string slice);

    /// <summary>Takes all slices away.</summary>
    void Clear();

    /// <summary>The endpoints, each address once.</summary>
    ImmutableArray<Endpoint> Build();
}
