// SPDX-License-Identifier: Apache-2.0
using Penstock.Vrrp.Bgp;

namespace Penstock.Vrrp.Tests.Bgp;

/// <summary>What routers may still be told of while a host leaves them.</summary>
public sealed partial class BgpTierTests
{
    [Fact]
    public void Leaving_IsOver_WhenTheTimeIs()
    {
        Apply(Snapshot(SomeBgp.Config()));
        _tier.Status().NotWithdrawn.ShouldBe(["203.0.113.10"]);

        _tier.Drain(isDrained: true);
        _time.Advance(TimeSpan.FromSeconds(4));
        _tier.Status().NotWithdrawn.ShouldBe(["203.0.113.10"], "whether or not there is a session yet");
        _time.Advance(TimeSpan.FromSeconds(1));
        _tier.Status().NotWithdrawn.ShouldBeEmpty();

        _tier.Drain(isDrained: false);
        _tier.Status().NotWithdrawn.ShouldBe(["203.0.113.10"]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Leaving_IsNotOver_BeforeBirdHasTakenIt(int seconds)
    {
        Apply(Snapshot(SomeBgp.Config() with { GracefulShutdown = TimeSpan.FromSeconds(seconds) }));
        Bird.Fails = true;
        _tier.Drain(isDrained: true);
        _time.Advance(TimeSpan.FromSeconds(20));
        Bird.Text.ShouldContain("route 203.0.113.10/32");
        (_tier.Status().Phase, _tier.Status().NotWithdrawn.Single()).ShouldBe((BgpPhase.Leaving, "203.0.113.10"));
        _tier.Status().Warnings.ShouldContain("this host is draining: its addresses are about to be withdrawn from BGP");

        Bird.Fails = false;
        _time.Advance(TimeSpan.FromSeconds(5));

        Bird.Text.ShouldNotContain("route 203.0.113.10/32");
        (_tier.Status().Phase, _tier.Status().NotWithdrawn.Any()).ShouldBe((BgpPhase.Left, false));
    }

    [Fact]
    public async Task Rerouting_BeginsWhenTheAddressesAreWithdrawn_AndTakesASecond()
    {
        Apply(Snapshot(SomeBgp.Config()));
        await _tier.UntilReroutedAsync(withdrawn: null, new CancellationToken(canceled: true));
        _tier.Drain(isDrained: true);
        var (withdrawnAt, reroutedAt) = await ReroutedAsync();

        (withdrawnAt, reroutedAt).ShouldBe((5000, 6000), "milliseconds");
        _lo.Has.ShouldContainKey(s_vip);
    }

    [Fact]
    public async Task Rerouting_OfAHostWhoseBirdTakesNothing_IsNotWaitedForWithoutEnd()
    {
        Apply(Snapshot(SomeBgp.Config()));
        Bird.Fails = true;
        _tier.Drain(isDrained: true);

        (await ReroutedAsync()).ShouldBe((10_000, 11_000));
    }

    // On the clock that is moved 10 ms by 10 ms: as far as the tier's timers and its polls are.
    private async Task<(int WithdrawnAt, int ReroutedAt)> ReroutedAsync()
    {
        var (now, withdrawnAt) = (0, -1);
        var waiting = _tier.UntilReroutedAsync(() => withdrawnAt = now, CancellationToken.None);
        while (!waiting.IsCompleted)
        {
            now += 10;
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        await waiting;
        return (withdrawnAt, now);
    }
}
