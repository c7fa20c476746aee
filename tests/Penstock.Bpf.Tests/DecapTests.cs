// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>What the program of real servers counts.</summary>
public sealed class DecapTests
{
    [BpfTheory]
    [InlineData(100)]
    [InlineData(8000)] // in several buffers
    public void Bytes_OfAFrame_AreThoseOfAllItsBuffers(int payload)
    {
        using var loaded = BpfObject.Open(Programs.Object("decap"));
        loaded.SetConstant("jumbo", (byte)1, ".rodata.kernel");
        loaded.Load();
        using var program = loaded.Program("decap");
        using var endpoints = loaded.Map("tunnel_endpoints");
        using var counters = loaded.Map("decap_stats");
        endpoints.Update(Layout.Address.Of(IPAddress.Parse("10.0.0.11")), 1u);
        var inner = Tcp("198.51.100.7", 1234, "203.0.113.10", 80, payload: new string('x', payload));
        var frame = In(Ip("10.0.0.1", "10.0.0.11", Ipip, inner));
        var output = new byte[frame.Length];

        var run = program.TestRun(frame, output);

        run.Verdict.ShouldBe(XdpVerdict.Pass);
        output[..run.Length].ShouldBe(In(inner));
        var values = new Layout.DropStats[BpfCpus.Possible];
        counters.TryLookupPerCpu(0u, values.AsSpan()).ShouldBeTrue();
        values.Aggregate(0UL, (sum, one) => sum + one.Packets).ShouldBe(1UL);
        values.Aggregate(0UL, (sum, one) => sum + one.Bytes).ShouldBe((ulong)In(inner).Length);
    }
}
