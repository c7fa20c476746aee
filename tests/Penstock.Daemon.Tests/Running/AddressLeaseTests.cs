// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Running;
using Penstock.Model;
using Penstock.Tests;
using Penstock.Vrrp;

namespace Penstock.Daemon.Tests.Running;

/// <summary>A daemon says that it is alive for as long as it makes progress, and no longer.</summary>
public sealed class AddressLeaseTests : IAsyncLifetime
{
    private static readonly ApplianceConfig s_config = new() { Node = "lb1" };

    private readonly ManualTimeProvider _time = new();
    private readonly RecordingLogger<AddressLease> _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly FakeTier _tier = new();
    private ApplianceConfig? _config = s_config;
    private TaskCompletionSource _reload = new();
    private TimeSpan _turnTakes;
    private bool _isReactorHung;
    private Task _running = Task.CompletedTask;
    private int _waits;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    [Fact]
    public async Task Lease_IsRenewedSixTimesInTheTimeThatItLasts()
    {
        await StartAsync();
        _tier.Renewals.ShouldBe(1);

        _time.Advance(_tier.Length);

        _tier.Renewals.ShouldBe(7);
        _log.Messages.ShouldBeEmpty();
    }

    [Fact]
    public async Task NextReload_IsWaitedForOnce_HoweverLongTheLeaseIsRenewed()
    {
        await StartAsync();
        _time.Advance(TimeSpan.FromHours(1));
        _waits.ShouldBe(1, "what waits for it stays until it comes");

        Reload();
        _time.Advance(_tier.Length);
        _waits.ShouldBe(2);
    }

    [Fact]
    public async Task ReactorThatHangs_CostsTheLease_UntilItTurnsAgain()
    {
        await StartAsync();
        _isReactorHung = true;
        _time.Advance(TimeSpan.FromMinutes(1));
        _tier.Renewals.ShouldBe(1);
        _log.Messages.ShouldContain(one => one.Text.Contains("no progress", StringComparison.Ordinal));

        _isReactorHung = false;
        _time.Advance(_tier.Length);
        _tier.Renewals.ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task TurnOfTheLoop_MayTakeAsLongAsAReloadDoes_AndNoLonger()
    {
        await StartAsync();
        _turnTakes = AddressLease.LongestTurn - TimeSpan.FromSeconds(1);
        _time.Advance(_turnTakes);
        _tier.Renewals.ShouldBe(1 + (int)(_turnTakes / _tier.Length * 6));

        _time.Advance(TimeSpan.FromMinutes(2));
        _log.Messages.ShouldBeEmpty("turns that are long, but end");

        _turnTakes = TimeSpan.FromHours(1);
        _time.Advance(TimeSpan.FromMinutes(2));
        var renewals = _tier.Renewals;
        _time.Advance(TimeSpan.FromMinutes(10));
        _tier.Renewals.ShouldBe(renewals);

        _turnTakes = TimeSpan.Zero;
        _time.Advance(TimeSpan.FromMinutes(1));
        _tier.Renewals.ShouldBeGreaterThan(renewals);
    }

    [Fact]
    public async Task TierThatCantRenew_KeepsNoOtherFromIt()
    {
        var broken = new FakeTier { Fails = true };
        await StartAsync(broken, _tier);

        _time.Advance(_tier.Length);

        _tier.Renewals.ShouldBe(7);
        _log.Messages.Select(one => one.Text).ShouldAllBe(text => text == "the lease of the virtual addresses can't be renewed: broken");
    }

    [Fact]
    public async Task NothingIsRenewed_BeforeThereIsAConfiguration_OrForATierWithoutAddresses()
    {
        _config = null;
        await StartAsync();
        _time.Advance(TimeSpan.FromSeconds(10));
        _tier.HasAny = false;
        _config = s_config;
        Reload();
        _time.Advance(TimeSpan.FromSeconds(10));
        _tier.Renewals.ShouldBe(0);

        _tier.HasAny = true;
        Reload();
        _tier.Renewals.ShouldBe(1, "at once, as the tier takes a daemon that is silent for a while for dead");
    }

    [Fact]
    public async Task HostWithoutAddresses_IsNotWokenUntilTheConfigurationIsAnother()
    {
        var asked = 0;
        _tier.HasAny = false;
        _tier.Asked = () => asked++;
        await StartAsync();
        _time.Advance(TimeSpan.FromHours(1));
        asked.ShouldBe(1);

        Reload();
        asked.ShouldBe(2);
    }

    // Its first turn is over when this returns, each later one when the clock has been moved: without a context that continuations would have to be sent to.
    private Task StartAsync(params IAddressTier[] tiers) => Task.Run(() =>
    {
        _running = new AddressLease(tiers.Length == 0 ? [_tier] : tiers, () => _config, NextReload, TurnAsync, ReactorsAsync, _time, _log).RunAsync(_stop.Token);
    });

    private Task NextReload()
    {
        _waits++;
        return _reload.Task;
    }

    private void Reload()
    {
        var before = _reload;
        _reload = new();
        before.SetResult();
    }

    private async ValueTask<bool> TurnAsync(TimeSpan within)
    {
        var takes = _turnTakes;
        await Task.Delay(takes < within ? takes : within, _time);
        return takes <= within;
    }

    private async Task<bool> ReactorsAsync(TimeSpan within)
    {
        if (!_isReactorHung)
            return true;
        await Task.Delay(within, _time);
        return false;
    }

    private sealed class FakeTier : IAddressTier
    {
        public TimeSpan Length { get; } = TimeSpan.FromSeconds(3);

        public bool HasAny { get; set; } = true;

        public bool Fails { get; init; }

        public Action? Asked { get; set; }

        public int Renewals { get; private set; }

        public bool HasAddresses(ApplianceConfig config)
        {
            Asked?.Invoke();
            return HasAny;
        }

        public TimeSpan DeadAfter(ApplianceConfig config) => Length;

        public TimeSpan RestartGrace(ApplianceConfig config) => TimeSpan.Zero;

        public void Renew()
        {
            if (Fails)
                throw new AddressApplyException("broken");
            Renewals++;
        }

        public Task<IReadOnlyList<string>> HandOverAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<string>>([]);

        public TimeSpan HandOverLimit(ApplianceConfig config) => TimeSpan.Zero;

        public void GiveUp()
        {
        }

        public void StayForRestart()
        {
        }
    }
}
