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

public sealed class RoleTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Role_ThatChanges_IsPublishedOnce()
    {
        var time = new ManualTimeProvider();
        var published = new ConcurrentQueue<Snapshot>();
        var roles = ImmutableDictionary<string, VrrpRole>.Empty;
        await using var loop = new ControlLoop(
            () => new LoadedConfig(FakeSource.Config(), "hash", []), published.Enqueue, (config, found) => new FakeSource(config, found), _ => [], () => Volatile.Read(ref roles), () => ImmutableDictionary<IPAddress, ProxyState>.Empty, () => OverrideSet.None, time, NullLoggerFactory.Instance);
        await loop.ReloadAsync();
        time.Advance(ControlLoop.MinPublishInterval);
        Volatile.Write(ref roles, roles.Add("edge", VrrpRole.Master));

        loop.Touch();

        using var timeout = new CancellationTokenSource(s_patience);
        while (published.Count < 2)
            await Task.Delay(1, timeout.Token);
        published.Last().Roles["edge"].ShouldBe(VrrpRole.Master);
        loop.Touch();
        (await loop.IsAliveAsync(s_patience)).ShouldBeTrue();
        published.Count.ShouldBe(2, "nothing has changed");
    }
}
