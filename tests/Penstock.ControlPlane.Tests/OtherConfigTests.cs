// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.ControlPlane.Overrides;
using Penstock.Model;
using Penstock.Model.Vrrp;
using Penstock.Tests;

namespace Penstock.ControlPlane.Tests;

/// <summary>A reload of another configuration than the loop's own.</summary>
public sealed class OtherConfigTests
{
    [Fact]
    public async Task Reload_OfAnotherConfiguration_AppliesThatOne_AndTheNextItsOwn()
    {
        var published = new ConcurrentQueue<Snapshot>();
        await using var loop = new ControlLoop(
            () => Loaded("own", 1), published.Enqueue, (config, found) => new FakeSource(config, found), _ => [],
            () => ImmutableDictionary<string, VrrpRole>.Empty, () => ImmutableDictionary<IPAddress, ProxyState>.Empty, () => OverrideSet.None, new ManualTimeProvider(), NullLoggerFactory.Instance);

        (await loop.ReloadAsync(() => Loaded("other", 2))).Ok.ShouldBeTrue();
        (await loop.ReloadAsync()).Ok.ShouldBeTrue();

        published.Select(snapshot => snapshot.Endpoints.Keys.Single()).ShouldBe(["other", "own"]);
    }

    private static LoadedConfig Loaded(string cluster, int port) => new(FakeSource.Config(FakeSource.Static(cluster, port)), "hash", []);
}
