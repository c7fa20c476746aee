// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Runtime.CompilerServices;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Xdp;

public sealed class XdpMapsTests
{
    [XdpFact]
    public void TakeOver_WhatIsNewWithinSeconds_IsLeft()
    {
        var sizes = XdpSizes.For(new L4Config { FlowsPerCpu = 0 }, [], BpfCpus.Possible);
        using var program = XdpProgram.Load(ProgramFile.Read(ProgramObject.Path("xdp_lb")), new PinTree("/nonexistent"), sizes, new Layout.Settings { Cpus = (uint)BpfCpus.Possible, Tick = BpfClock.Tick });
        var maps = program.Maps;
        using var rates = BpfMap.CreateLike(maps["source_rates"].Info, "rates", 16);
        using var flows = BpfMap.CreateLike(maps["nat_flows"].Info, "flows", 16);
        rates.Update(default(Bytes20), default(Bytes16));
        var (from, to) = (new IPEndPoint(IPAddress.Parse("198.51.100.1"), 1), new IPEndPoint(IPAddress.Parse("203.0.113.10"), 80));
        flows.Update(Layout.NatKey.Of(from, to, (byte)TransportProtocol.Tcp), new Layout.NatFlow { SourcePortBigEndian = 7 << 8 });

        maps.TakeOver("source_rates", rates);
        maps.TakeOver("nat_flows", flows);

        maps["source_rates"].Keys<Bytes20>().ShouldBeEmpty();
        maps.FindNatFlow(from, to, TransportProtocol.Tcp)!.Value.SourcePort.ShouldBe(7); // taken over above
    }

    // struct lb_rate_key and struct lb_rate, which control never reads.
    [InlineArray(20)]
    private struct Bytes20
    {
        private byte _first;
    }

    [InlineArray(16)]
    private struct Bytes16
    {
        private byte _first;
    }
}
