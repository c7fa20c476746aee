// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.L7.Http2;
using Penstock.L7.Runtime;
using Penstock.L7.Upstream;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.L7;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L7.Tests.Http2;

/// <summary>An engine's reactor with connections to one HTTP/2 endpoint, which a test uses in the place of requests.</summary>
internal sealed class EndpointReactor : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly L7Engine _engine;
    private Worker? _worker;

    public EndpointReactor()
    {
        Listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Listener.Listen();
        var address = (IPEndPoint)Listener.LocalEndPoint!; // Bound.
        Cluster = new ClusterConfig { Name = "a", Endpoints = [new EndpointConfig(SocketEndpoint.Ip(address.Address, address.Port))], Protocol = UpstreamProtocol.H2 };
        _engine = new L7Engine(
            NullLoggerFactory.Instance,
            DescriptorShares.OfProcess(),
            store: null,
            (index, current, budget, logger) => _worker = new Worker(index, current, budget, logger));
        var config = new ApplianceConfig { Node = "lb1", L7 = new L7Config { Reactors = 1 } };
        _engine.Apply(new Snapshot(1, config, ImmutableDictionary<string, ClusterEndpoints>.Empty));
        Pool = new EndpointPool(Worker.Reactor, SocketAddress.Ip(address.Address, address.Port), "origin", Cluster);
    }

    public Socket Listener { get; } = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 30_000 };

    public ClusterConfig Cluster { get; }

    public EndpointPool Pool { get; }

    public Worker Worker => _worker.ShouldNotBeNull();

    /// <summary>A place for a request; on the reactor.</summary>
    public Http2ClientStream Take(int connectMilliseconds = 60_000) => Pool.Streams.Take(Worker, connectMilliseconds).ShouldNotBeNull();

    /// <summary>Does something on the reactor.</summary>
    public async Task RunAsync(Func<Task> action)
    {
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Worker.Reactor.Post(() => _ = RunHereAsync());
        await over.Task.WaitAsync(Patience);

        async Task RunHereAsync()
        {
            try
            {
                await action();
                over.SetResult();
            }
            catch (Exception e)
            {
                over.SetException(e);
            }
        }
    }

    /// <summary>Does something on the reactor.</summary>
    public Task RunAsync(Action action) => RunAsync(() =>
    {
        action();
        return Task.CompletedTask;
    });

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        Listener.Dispose();
    }
}
