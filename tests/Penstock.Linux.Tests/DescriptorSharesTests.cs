// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Tests;

public sealed class DescriptorSharesTests
{
    private readonly DescriptorShares _shares = new(ceiling: 392, taken: 60); // 32 are kept for later.

    [Fact]
    public void Most_OnlyOneActive_IsAllThereIs()
    {
        var (one, other) = (Active(), _shares.Add());

        one.Most.ShouldBe(300);
        other.SetActive(active: true);
        one.Most.ShouldBe(200);
        other.SetActive(active: false);
        one.Most.ShouldBe(300);
    }

    [Fact]
    public void HasRoom_OthersTakeAllTheyCan_IsThereForAPart()
    {
        DescriptorShare[] shares = [Active(), Active(), Active()];
        foreach (var share in shares)
        {
            while (share.HasRoom(1))
                share.Take(1);
        }

        shares.Select(share => share.Used).ShouldBe([150, 75, 75]);
        shares[0].Give(60);
        shares[2].HasRoom(60).ShouldBeTrue();
        shares[2].HasRoom(61).ShouldBeFalse();
    }

    [Fact]
    public void HasRoom_AnotherBecomesActiveLate_IsGoneUntilItHasItsPart()
    {
        var (first, second) = (Active(), _shares.Add());
        first.Take(300);
        second.SetActive(active: true);

        first.HasRoom(1).ShouldBeFalse();
        second.HasRoom(1).ShouldBeFalse();
        first.Give(50);
        (first.HasRoom(1), second.HasRoom(50), second.HasRoom(51)).ShouldBe((false, true, false));
    }

    [Fact]
    public void Capacity_DescriptorsAreOpenedForGood_IsLess()
    {
        _shares.Fix(100);
        _shares.Capacity.ShouldBe(200);
        _shares.Fix(-100);
        _shares.Capacity.ShouldBe(300);
        new DescriptorShares(ceiling: 64, taken: 1000).Capacity.ShouldBe(0);
    }

    private DescriptorShare Active()
    {
        var share = _shares.Add();
        share.SetActive(active: true);
        return share;
    }
}
