// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Metrics;

namespace Penstock.L7.Tests.Metrics;

public sealed class SeriesRegistryTests
{
    private readonly SeriesRegistry _registry = new(reactors: 2);

    [Fact]
    public void ForgetUnused_SeriesAskedForAgain_KeepsItsCounts()
    {
        var series = _registry.Get("l", "r", "c");
        series.Cells[1].Count(200, 1000, 0, 0);
        _registry.ForgetUnused(now: 0);

        _registry.ForgetUnused(now: 1);
        _registry.Get("l", "r", "c").ShouldBeSameAs(series);
        _registry.ForgetUnused(SeriesRegistry.KeptMilliseconds * 10);

        _registry.All.ShouldHaveSingleItem().ShouldBeSameAs(series);
    }

    [Fact]
    public void ForgetUnused_SeriesOfARouteThatIsGone_StaysForAWhileAndGoes()
    {
        _registry.Get("l", "gone", "c");
        _registry.ForgetUnused(now: 0);

        Reload(now: 1000);
        _registry.All.Count().ShouldBe(2);
        Reload(now: 999 + SeriesRegistry.KeptMilliseconds);
        _registry.All.Count().ShouldBe(2);
        Reload(now: 1000 + SeriesRegistry.KeptMilliseconds);
        _registry.All.ShouldHaveSingleItem().Route.ShouldBe("stays");
    }

    private void Reload(long now)
    {
        _registry.Get("l", "stays", "c");
        _registry.ForgetUnused(now);
    }
}
