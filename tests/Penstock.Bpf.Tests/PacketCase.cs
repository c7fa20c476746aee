// SPDX-License-Identifier: Apache-2.0
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;

namespace Penstock.Bpf.Tests;

/// <summary>One line of a packet table.</summary>
/// <param name="Description">What it shows; unique in its table.</param>
/// <param name="Frame">The frame that comes in.</param>
/// <param name="Verdict">What the program returns.</param>
/// <param name="Output">The frame afterwards; null: as it came in.</param>
/// <param name="Drop">The reason counted, with a verdict of drop.</param>
internal sealed record PacketCase(string Description, byte[] Frame, XdpVerdict Verdict, byte[]? Output = null, DropReason Drop = DropReason.None)
{
    /// <summary>Bytes at the end of the frame that belong to no packet.</summary>
    public int Padding { get; init; }

    /// <summary>Runs it and compares verdict, frame and drop counters.</summary>
    /// <param name="plane">The program.</param>
    /// <param name="ingress">Number of the interface it comes in by: 1, loopback.</param>
    public void Check(DataPlane plane, uint ingress = 1)
    {
        var before = plane.Drops();
        var (verdict, frame) = plane.Run(Frame, ingress: ingress);

        var after = plane.Drops().Where(entry => entry.Value != before.GetValueOrDefault(entry.Key)).Select(entry => entry.Key);
        after.ShouldBe(Drop == DropReason.None ? [] : [Drop], Description);
        verdict.ShouldBe(Verdict, Description);
        if (verdict != XdpVerdict.Drop)
            Convert.ToHexString(frame).ShouldBe(Convert.ToHexString(Output ?? Frame), Description);
    }
}
