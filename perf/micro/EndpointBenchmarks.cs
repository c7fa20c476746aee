// SPDX-License-Identifier: Apache-2.0
using System.Net;
using BenchmarkDotNet.Attributes;
using Penstock.L7.Balancing;
using Penstock.L7.Runtime;
using Penstock.L7.Upstream;
using Penstock.Linux.Reactors;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Micro;

/// <summary>
/// A cluster of a hundred thousand endpoints, one of which gives way to another: what the control plane makes of it once, and what eight reactors then do, all together. To reach: one
/// change within 5 ms.
/// </summary>
[MemoryDiagnoser]
public class EndpointBenchmarks
{
    private const int Most = 100_000;
    private const int Reactors = 8;

    private readonly ClusterConfig _config = new() { Name = "mesh" };
    private readonly ClusterEndpoints[] _turns = Turns();
    private readonly ClusterCell[] _cells = [.. Enumerable.Range(0, Reactors).Select(_ => new ClusterCell())];
    private readonly Reactor _reactor = new("bench", _ => { });
    private FastRandom _random = new(1);
    private CompiledCluster? _cluster;
    private int _turn;
    private long _version;

    /// <summary>What is there before a change.</summary>
    [GlobalSetup]
    public void Fill() => EndpointChange();

    /// <summary>From the list of endpoints to reactors that have taken it over.</summary>
    [Benchmark]
    public long EndpointChange()
    {
        _cluster = new CompiledCluster(_config, _turns[_turn ^= 1], _cells, ++_version, _cluster);
        foreach (var cell in _cells)
            cell.Update(_cluster, _reactor, ref _random);
        return _cells[0].Visited;
    }

    private static ClusterEndpoints[] Turns()
    {
        Endpoint[] all = [.. Enumerable.Range(0, Most).Select(Make)];
        Endpoint[] other = [.. all];
        other[Most / 2] = Make(Most);
        return [new ClusterEndpoints("mesh", [.. all]), new ClusterEndpoints("mesh", [.. other])];
    }

    private static Endpoint Make(int number) =>
        new(SocketEndpoint.Ip(new IPAddress([10, (byte)(number >> 16), (byte)(number >> 8), (byte)number]), 80), 1, EndpointState.Ready);
}
