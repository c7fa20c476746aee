// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.L7.Http1;
using Penstock.L7.Http2;
using Penstock.L7.Runtime;
using Penstock.L7.Upstream;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.L7;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L7.Tests.Http2;

/// <summary>Streams to an endpoint, as a request has them, on the reactor of an engine.</summary>
public sealed class ClientStreamTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>What the defect has left running may still have the stream: it must not come upon another request.</summary>
    [Fact]
    public Task Abort_BreaksTheStream_WhichCarriesNoOtherRequest() => RunAsync((worker, pool) =>
    {
        var stream = Take(worker, pool);
        var wait = stream.WaitOpenAsync(worker.Reactor.Now + 5000).AsTask();

        ((IEndpointStream)stream).Abort();

        wait.IsCompleted.ShouldBeTrue();
        stream.IsBroken.ShouldBeTrue();
        Take(worker, pool).ShouldNotBeSameAs(stream);
    });

    /// <summary>Heads are outside flow control.</summary>
    [Fact]
    public Task InterimHeads_ThatWait_AreBoundedByTheirBytes() => RunAsync((worker, pool) =>
    {
        var stream = Take(worker, pool);

        var taken = 0;
        while (stream.TryTakeHead(Interim(stream, bytes: 30_000), ended: false))
            taken++;

        taken.ShouldBe(2); // Of 64 KiB.
    });

    /// <summary>Which may be later than its connection's own, as others have begun that.</summary>
    [Fact]
    public Task WaitForAPlace_EndsAtItsOwnDeadline() => RunAsync(async (worker, pool) =>
    {
        var stream = Take(worker, pool, connectMilliseconds: 600_000);

        await stream.WaitOpenAsync(worker.Reactor.Now + 100);

        stream.IsAdmitted.ShouldBeFalse();
        stream.IsTooLate.ShouldBeTrue();
    });

    private static ResponseHead Interim(Http2ClientStream stream, int bytes)
    {
        var limits = new HeadLimits(65536, 65536, 100);
        var head = stream.NextHead();
        head.Take(":status"u8, "103"u8, limits).ShouldBe(RejectReason.None);
        head.Take("link"u8, new byte[bytes].Select(_ => (byte)'a').ToArray(), limits).ShouldBe(RejectReason.None);
        head.End(ended: false, RejectReason.None, HttpMethodKind.Get);
        return head;
    }

    private static Http2ClientStream Take(Worker worker, EndpointPool pool, int connectMilliseconds = 5000) =>
        pool.Streams.Take(worker, connectMilliseconds).ShouldNotBeNull();

    private static Task RunAsync(Action<Worker, EndpointPool> test) => RunAsync((worker, pool) =>
    {
        test(worker, pool);
        return Task.CompletedTask;
    });

    private static async Task RunAsync(Func<Worker, EndpointPool, Task> test)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var endpoint = SocketEndpoint.Ip(IPAddress.Loopback, ((IPEndPoint)listener.LocalEndPoint!).Port); // Bound above.
        var cluster = new ClusterConfig { Name = "a", Endpoints = [new EndpointConfig(endpoint)], Protocol = UpstreamProtocol.H2 };
        Worker? worker = null;
        await using var engine = new L7Engine(
            NullLoggerFactory.Instance,
            DescriptorShares.OfProcess(),
            (index, current, budget, logger) => worker = new Worker(index, current, budget, logger));
        var config = new ApplianceConfig { Node = "lb1", L7 = new L7Config { Reactors = 1 } };
        engine.Apply(new Snapshot(1, config, ImmutableDictionary<string, ClusterEndpoints>.Empty));
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        var made = worker.ShouldNotBeNull(); // By Apply.
        made.Reactor.Post(() => _ = RunOnReactorAsync());
        await over.Task.WaitAsync(Patience);

        async Task RunOnReactorAsync()
        {
            try
            {
                await test(made, new EndpointPool(made.Reactor, SocketAddress.Ip(IPAddress.Loopback, endpoint.Port), "origin", cluster));
                over.SetResult();
            }
            catch (Exception e)
            {
                over.SetException(e);
            }
        }
    }
}
