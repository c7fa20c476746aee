// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Relays;

namespace Penstock.L7.Tests.Splicing;

public sealed class BulkGaugeTests
{
    [Fact]
    public void Tunnel_BecomesBulkByAFullReadAndEndsBySmallMoves()
    {
        var gauge = new BulkGauge();
        gauge.Start(mayPipe: true, isBulk: false);
        gauge.OnRead(BulkGauge.LeastRead - 1);
        gauge.IsBulk.ShouldBeFalse();
        gauge.OnRead(BulkGauge.LeastRead);
        gauge.IsBulk.ShouldBeTrue();
        gauge.OnPiped(BulkGauge.LeastMove);
        gauge.IsBulk.ShouldBeTrue();
        gauge.OnPiped(BulkGauge.LeastMove - 1);
        gauge.IsBulk.ShouldBeFalse();
        gauge.OnRead(BulkGauge.LeastRead);
        gauge.IsBulk.ShouldBeTrue();
    }

    [Fact]
    public void WhatIsLookedInto_IsNeverBulk()
    {
        var gauge = new BulkGauge();
        gauge.Start(mayPipe: false, isBulk: true);
        gauge.OnRead(BulkGauge.LeastRead);
        gauge.IsBulk.ShouldBeFalse();
    }

    [Fact]
    public void Refusal_IsForGood()
    {
        var gauge = new BulkGauge();
        gauge.Start(mayPipe: true, isBulk: true);
        gauge.IsBulk.ShouldBeTrue();
        gauge.Refuse();
        gauge.OnRead(BulkGauge.LeastRead);
        gauge.IsBulk.ShouldBeFalse();
    }
}
