// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Tests;

public sealed class DescriptorReserveTests
{
    [Theory]
    [InlineData(32, 24)]
    [InlineData(256, 192)]
    [InlineData(1024, 960)]
    [InlineData(1048576, 1048512)]
    [InlineData(ulong.MaxValue, int.MaxValue)]
    public void Ceiling_LeavesSixtyFourOrAQuarter(ulong limit, int expected) =>
        DescriptorReserve.CeilingOf(limit).ShouldBe(expected);
}
