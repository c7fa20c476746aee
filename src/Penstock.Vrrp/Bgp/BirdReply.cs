// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp.Bgp;

/// <summary>BIRD's answer to one command.</summary>
/// <param name="Lines">Its lines, each with its code; the last one's is the answer's.</param>
internal sealed record BirdReply(IReadOnlyList<BirdLine> Lines)
{
    /// <summary>0 to 999: done; 8000 and more: refused (BIRD's doc/reply_codes).</summary>
    public int Code => Lines[^1].Code;

    /// <summary>What it says at the end.</summary>
    public string Text => Lines[^1].Text;
}
