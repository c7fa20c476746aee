// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;
using Penstock.Linux.Relays;

namespace Penstock.L4.Tests.Userspace;

public sealed class PipePoolTests
{
    [Fact]
    public void Pipes_ThatAreKept_StayHoweverManyAreBesides()
    {
        var share = new DescriptorShares(100, 0).Add();
        using var pool = new PipePool(share, kept: 1);
        var kept = pool.Rent().ShouldNotBeNull();
        var other = pool.Rent().ShouldNotBeNull();

        pool.Return(kept);
        pool.Return(other);

        pool.Rent().ShouldBeSameAs(kept);
        var another = pool.Rent().ShouldNotBeNull();
        another.ShouldNotBeSameAs(other);
        pool.Discard(another);
        pool.Discard(kept);
        share.Used.ShouldBe(0);
    }

    [Fact]
    public void Pipes_OfAPoolThatOnlyKeeps_AreOfItsShareAndNoMore()
    {
        var share = new DescriptorShares(100, 0).Add();
        using var pool = new PipePool(share, kept: 1, keepsOnly: true);
        var kept = pool.Rent().ShouldNotBeNull();

        share.Used.ShouldBe(PipePool.DescriptorsEach);
        pool.Rent().ShouldBeNull();
        pool.Discard(kept);
        share.Used.ShouldBe(0);
        pool.Discard(pool.Rent().ShouldNotBeNull());
        share.Used.ShouldBe(0);
    }

    [Fact]
    public void Pipes_OfAPoolThatOnlyKeeps_AreUsedUpUntilOneIsBack()
    {
        var share = new DescriptorShares(100, 0).Add();
        using var pool = new PipePool(share, kept: 1, keepsOnly: true);
        pool.IsUsedUp.ShouldBeFalse();
        var kept = pool.Rent().ShouldNotBeNull();
        pool.IsUsedUp.ShouldBeTrue();
        pool.Return(kept);
        pool.IsUsedUp.ShouldBeFalse();
    }

    [Fact]
    public void Pipes_InUse_AreClosedWithTheirPool()
    {
        var share = new DescriptorShares(100, 0).Add();
        var pool = new PipePool(share, kept: 2, keepsOnly: true);
        pool.Rent().ShouldNotBeNull();
        pool.Return(pool.Rent().ShouldNotBeNull());

        pool.Dispose();

        share.Used.ShouldBe(0);
    }

    [Fact]
    public void Pipes_OfAPoolThatOnlyKeeps_LeaveHalfOfTheShareToConnections()
    {
        var share = new DescriptorShares(100, 0).Add();
        using var pool = new PipePool(share, keepsOnly: true);

        share.Take(share.Most / 2);

        pool.Rent().ShouldBeNull();
    }
}
