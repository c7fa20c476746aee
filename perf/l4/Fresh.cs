// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Penstock.Bpf.Tests;
using Penstock.Linux.Bpf;

namespace Penstock.Perf.L4;

/// <summary>Measures a program on fresh packets: fresh.bpf.c.</summary>
internal static class Fresh
{
    private const int HeaderBytes = 80;
    private const int Rounds = 21;

    /// <summary>Nanoseconds a packet, harness included: the least of many rounds, and the last verdict.</summary>
    /// <param name="program">What is measured; null: the harness by itself.</param>
    /// <param name="frame">The frame, headers first.</param>
    /// <param name="flows">Different flows, a power of two; 0: each packet is a new one.</param>
    /// <param name="repeat">Packets in a round.</param>
    /// <param name="vary">Where in the frame four bytes tell flows apart; null: in the source address.</param>
    public static (double Nanoseconds, XdpVerdict Verdict) Measure(BpfProgram? program, byte[] frame, uint flows, int repeat = 400_000, uint? vary = null)
    {
        Array.Resize(ref frame, Math.Max(frame.Length, HeaderBytes));
        var settings = new Settings { Length = (uint)frame.Length, Flows = flows, Vary = vary ?? (frame[12] == 0x86 ? 34u : 26u) };
        frame.AsSpan(0, HeaderBytes).CopyTo(settings.Headers);
        using var harness = BpfObject.Open(Programs.Object("fresh"));
        harness.SetConstant("fresh", settings, ".rodata.fresh");
        harness.Load();
        using var run = harness.Program("fresh_packet");
        using var baseline = harness.Program("baseline");
        using var target = harness.Map("target");
        target.Update(0u, (program ?? baseline).Fd);

        var output = new byte[frame.Length + 256];
        var context = new uint[6];
        context[1] = (uint)frame.Length;
        context[3] = 1;
        var best = double.MaxValue;
        BpfTestRun result = default;
        for (var round = 0; round <= Rounds; round++)
        {
            result = run.TestRun(frame, output, MemoryMarshal.AsBytes<uint>(context), repeat);
            if (round > 0) // the first one warms the caches
                best = Math.Min(best, result.Nanoseconds);
        }

        return (best, result.Verdict);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Settings
    {
        public HeaderArray Headers;
        public uint Length;
        public uint Flows;
        public uint Vary;
    }

    [InlineArray(HeaderBytes)]
    [StructLayout(LayoutKind.Sequential)]
    private struct HeaderArray
    {
        private byte _first;
    }
}
