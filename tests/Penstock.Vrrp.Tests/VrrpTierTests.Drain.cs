// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp.Tests;

/// <summary>A host that an operator takes out.</summary>
public sealed partial class VrrpTierTests
{
    [Fact]
    public async Task Drain_HandsOver_ThenTakesNothingUntilItReturns()
    {
        var snapshot = Snapshot(Some.Instance());
        _tier.Apply(snapshot);
        Become(VrrpRole.Master);

        _tier.IsBackedUp = _ => true;
        var drained = Task.Run(() => _tier.DrainAsync(CancellationToken.None));
        await UntilAsync(() => _time.UntilNextTimer is not null);
        _started["edge"].Told[^1].ShouldBe(("edge", InstanceHealth.Lowest));
        _tier.Apply(snapshot with { Generation = 2 });
        _started["edge"].Told[^1].ShouldBe(("edge", InstanceHealth.Lowest), "as long as it has the addresses");
        Become(VrrpRole.Backup);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        (await drained.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeEmpty();

        _tier.Apply(snapshot with { Generation = 3 });
        _started["edge"].Told[^1].ShouldBe(("edge", InstanceHealth.Fault));
        _tier.Status().Warnings.ShouldContain("VRRP instance edge gives its addresses up: this host drains (penstock ready --node ends it)");
        _tier.Apply(Snapshot(Some.Instance() with { Priority = 7 }));
        _started["edge"].Told[^1].ShouldBe(("edge", InstanceHealth.Fault), "over a reload");

        _tier.Return();
        _started["edge"].Told[^1].ShouldBe(("edge", 0));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Drain_ThatNobodyTakes_KeepsTheAddresses_UnlessAnotherWaitsForThemToGo(bool waits, bool keeps)
    {
        _tier.Apply(Snapshot(Some.Instance()));
        Become(VrrpRole.Master);
        using var cancelled = new CancellationTokenSource();

        _tier.IsBackedUp = _ => waits;
        var drained = Task.Run(() => _tier.DrainAsync(cancelled.Token));
        for (var i = 0; i < 2000 && !drained.IsCompleted && _started["edge"].Told[^1].Value != InstanceHealth.Fault; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(10);
        }

        _started["edge"].Told[^1].ShouldBe(("edge", keeps ? InstanceHealth.Lowest : InstanceHealth.Fault));
        await cancelled.CancelAsync();
        (await drained.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe(["edge"]);
    }

    [Theory]
    [InlineData(null, InstanceHealth.Fault)]
    [InlineData(7, InstanceHealth.Lowest)] // may be the one that nobody has taken the addresses from
    public void Drain_BeforeTheStart_TakesNoAddress(int? ranBefore, int expected)
    {
        _ranBefore = ranBefore;
        _tier.Drain();

        _tier.Apply(Snapshot(Some.Instance()));

        _started["edge"].Told.ShouldBe([("edge", expected)]);
    }

    [Fact]
    public async Task Drain_OfARoleThatIsNotKnownYet_WaitsForIt()
    {
        _ranBefore = 7; // a daemon before has left it, perhaps as master
        _tier.Drain();
        _tier.Apply(Snapshot(Some.Instance()));
        _tier.Held().ShouldBe(["edge"]);

        var drained = Task.Run(() => _tier.DrainAsync(CancellationToken.None));
        await UntilAsync(() => _time.UntilNextTimer is not null);
        Become(VrrpRole.Master);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        drained.IsCompleted.ShouldBeFalse();
        await UntilAsync(() => _time.UntilNextTimer is not null);
        Become(VrrpRole.Backup);
        _time.Advance(TimeSpan.FromMilliseconds(10));

        (await drained.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeEmpty();
        _tier.Held().ShouldBeEmpty();
    }

    /// <summary>Its listeners close next: new connections to addresses that stay would find nobody.</summary>
    [Theory]
    [InlineData(true, true, 0, true)]
    [InlineData(false, false, 0, false)]
    [InlineData(null, true, 0, false)]
    [InlineData(null, false, 0, true)]
    [InlineData(null, true, 60, true)]
    public async Task HandOver_ThatNobodyTakes_GivesUpWhatAnotherWaitsFor(bool? isBackedUp, bool preempts, int delaySeconds, bool givesUp)
    {
        _tier.Apply(Snapshot(Some.Instance() with { Preempt = preempts, PreemptDelay = TimeSpan.FromSeconds(delaySeconds) }));
        Become(VrrpRole.Master);
        _tier.IsBackedUp = _ => isBackedUp;

        var handed = Task.Run(() => _tier.HandOverAsync(CancellationToken.None));
        for (var i = 0; i < 2000 && !handed.IsCompleted && _started["edge"].Told[^1].Value != InstanceHealth.Fault; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(10);
        }

        _started["edge"].Told[^1].ShouldBe(("edge", givesUp ? InstanceHealth.Fault : InstanceHealth.Lowest));
        if (givesUp)
            Become(VrrpRole.Fault);
        for (var i = 0; i < 2000 && !handed.IsCompleted; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(10);
        }

        (await handed.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe(givesUp ? [] : ["edge"]);
    }

    [Fact]
    public async Task HandOver_OfAHostThatDrains_TakesNothingBack()
    {
        _tier.Drain();
        _tier.Apply(Snapshot(Some.Instance()));

        (await _tier.HandOverAsync(CancellationToken.None)).ShouldBeEmpty();

        _started["edge"].Told.ShouldBe([("edge", InstanceHealth.Fault)]);
    }
}
