// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
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

    private static Snapshot LoggingWith(int bufferBytes, long generation)
    {
        var config = new ApplianceConfig { Node = "lb1", L7 = new L7Config { Reactors = 1, AccessLog = new AccessLogConfig { BufferBytes = bufferBytes } } };
        return new Snapshot(generation, config, ImmutableDictionary<string, ClusterEndpoints>.Empty);
    }
}
