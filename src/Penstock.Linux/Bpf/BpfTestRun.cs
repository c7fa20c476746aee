// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Bpf;

/// <summary>Outcome of BPF_PROG_TEST_RUN.</summary>
/// <param name="ReturnValue">What the program returned; for XDP a <see cref="XdpVerdict"/>.</param>
/// <param name="Length">Bytes of the packet afterwards.</param>
/// <param name="Nanoseconds">Mean time of a repetition.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct BpfTestRun(uint ReturnValue, int Length, uint Nanoseconds)
{
    /// <summary>What an XDP program returned.</summary>
    public XdpVerdict Verdict => (XdpVerdict)ReturnValue;
}
