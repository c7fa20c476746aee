// SPDX-License-Identifier: Apache-2.0
using FsCheck;
using FsCheck.Fluent;
using Penstock.L4.Xdp;

namespace Penstock.L4.Tests.Xdp;

public sealed class PortPrefixTests
{
    [Fact]
    public void Cover_KnownRanges_GivesTheFewestPrefixes()
    {
        PortPrefix.Cover(0, 65535).ShouldBe([new(0, 0)]);
        PortPrefix.Cover(443, 443).ShouldBe([new(443, 16)]);
        PortPrefix.Cover(8000, 8999).ShouldBe([new(8000, 10), new(8064, 9), new(8192, 7), new(8704, 8), new(8960, 11), new(8992, 13)]);
        PortPrefix.Cover(1, 65534).Count.ShouldBe(30);
    }

    [Fact]
    public void Cover_AnyRange_IsThatRange()
    {
        Prop.ForAll(Gen.Choose(0, 65535).ToArbitrary(), Gen.Choose(0, 65535).ToArbitrary(), (a, b) =>
        {
            var (first, last) = (Math.Min(a, b), Math.Max(a, b));
            var next = first;
            foreach (var part in PortPrefix.Cover(first, last))
            {
                part.First.ShouldBe(next);
                (part.First % (1 << (16 - part.Bits))).ShouldBe(0);
                next += 1 << (16 - part.Bits);
            }

            next.ShouldBe(last + 1);
        }).QuickCheckThrowOnFailure();
    }
}
