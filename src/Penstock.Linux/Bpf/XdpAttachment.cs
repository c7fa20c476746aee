// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Bpf;

/// <summary>The XDP program on an interface.</summary>
/// <param name="ProgramId">Its number in the kernel.</param>
/// <param name="Mode">Where it runs.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct XdpAttachment(uint ProgramId, XdpMode Mode)
{
    /// <summary>What is on an interface; null: nothing, or no such interface.</summary>
    public static unsafe XdpAttachment? Query(int interfaceIndex)
    {
        LibbpfLog.Install();
        var options = new Libbpf.XdpQueryOptions { Size = (nuint)sizeof(Libbpf.XdpQueryOptions) };
        BpfException.Check(Libbpf.bpf_xdp_query(interfaceIndex, 0, &options), $"query XDP on interface {interfaceIndex}");
        return options switch
        {
            { HardwareProgramId: > 0 } => new(options.HardwareProgramId, XdpMode.Offloaded),
            { DriverProgramId: > 0 } => new(options.DriverProgramId, XdpMode.Native),
            { GenericProgramId: > 0 } => new(options.GenericProgramId, XdpMode.Generic),
            { ProgramId: > 0, AttachMode: 1 } => new(options.ProgramId, XdpMode.Native),   // XDP_ATTACHED_DRV
            { ProgramId: > 0, AttachMode: 2 } => new(options.ProgramId, XdpMode.Generic),  // XDP_ATTACHED_SKB
            { ProgramId: > 0 } => new(options.ProgramId, XdpMode.Offloaded),
            _ => null,
        };
    }
}
