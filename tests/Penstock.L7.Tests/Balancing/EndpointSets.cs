// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L7.Balancing;
using Penstock.Model;
using Algorithm = Penstock.Model.L7.Balancing;

namespace Penstock.L7.Tests.Balancing;

/// <summary>Short forms to write endpoints in tests.</summary>
internal static class EndpointSets
{
    /// <summary>Endpoints 10.0.0.1, 10.0.0.2 and so on, all ready.</summary>
    public static EndpointSet Of(Algorithm algorithm, params int[] weights) =>
        Of(algorithm, [.. weights.Select((weight, i) => Endpoint(i + 1, weight))]);

    public static EndpointSet Of(Algorithm algorithm, params Endpoint[] endpoints) =>
        EndpointSet.Compile(new ClusterEndpoints("c", [.. endpoints]), algorithm);

    /// <summary>The next endpoints of the same cluster.</summary>
    public static EndpointSet After(EndpointSet before, params Endpoint[] endpoints) =>
        EndpointSet.Compile(new ClusterEndpoints("c", [.. endpoints]), before.Algorithm, before);

    public static Endpoint Endpoint(int number, int weight = 1, EndpointState state = EndpointState.Ready) =>
        new(SocketEndpoint.Ip(new IPAddress([10, 0, (byte)(number >> 8), (byte)number]), 80), weight, state);

    /// <summary>How often each endpoint is chosen in a number of choices, with nothing in flight; by slot, which is its index in a set made by Of.</summary>
    public static int[] Count(Balancer balancer, int picks, ref FastRandom random)
    {
        var counts = new int[balancer.Set.Slots.Capacity];
        var idle = new int[counts.Length];
        for (int i = 0; i < picks; i++)
        {
            counts[balancer.Pick([], idle, ref random)]++;
        }

        return counts;
    }
}
