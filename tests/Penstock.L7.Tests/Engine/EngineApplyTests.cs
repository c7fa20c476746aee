// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.ComponentModel;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.L7.Runtime;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.Engine;

public sealed class EngineApplyTests
{
    [Fact]
    public async Task Apply_BufferOfTheAccessLogUnchanged_KeepsItsRings()
    {
        await using var engine = new L7Engine(NullLoggerFactory.Instance, DescriptorShares.OfProcess());
        engine.Apply(LoggingWith(100 << 10, generation: 1));
        var rings = engine.AccessLogRings;

        engine.Apply(LoggingWith(100 << 10, generation: 2));
        engine.AccessLogRings.ShouldBeSameAs(rings);

        engine.Apply(LoggingWith(200 << 10, generation: 3));
        engine.AccessLogRings.ShouldNotBeSameAs(rings);
    }

    [Fact]
    public async Task Apply_SecondThreadCannotStart_LeavesNothingOfTheFirst()
    {
        var (shares, threads) = (new DescriptorShares(ceiling: 1024, taken: 0), new List<Thread>());
        var capacity = shares.Capacity;
        using var ran = new ManualResetEventSlim();
        await using var engine = new L7Engine(NullLoggerFactory.Instance, shares, store: null, (index, current, budget, logger) =>
        {
            if (index > 0)
            {
                ran.Wait(TimeSpan.FromSeconds(60)).ShouldBeTrue();
                throw new Win32Exception(24, "epoll_create1");
            }

            var worker = new Worker(index, current, budget, logger);
            worker.Reactor.Post(() =>
            {
                threads.Add(Thread.CurrentThread);
                ran.Set();
            });
            return worker;
        });
        var snapshot = LoggingWith(100 << 10, generation: 1);
        snapshot = snapshot with { Config = snapshot.Config with { L7 = new L7Config { Reactors = 2 } } };

        Should.Throw<L7ApplyException>(() => engine.Apply(snapshot)).Message.ShouldBe("l7: can't start a thread for each of 2 reactors: epoll_create1");

        threads.Single().IsAlive.ShouldBeFalse();
        shares.Capacity.ShouldBe(capacity);
        engine.Status().Reactors.ShouldBe(0);
    }

    private static Snapshot LoggingWith(int bufferBytes, long generation)
    {
        var config = new ApplianceConfig { Node = "lb1", L7 = new L7Config { Reactors = 1, AccessLog = new AccessLogConfig { BufferBytes = bufferBytes } } };
        return new Snapshot(generation, config, ImmutableDictionary<string, ClusterEndpoints>.Empty);
    }
}
