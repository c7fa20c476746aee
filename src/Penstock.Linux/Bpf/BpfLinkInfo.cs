// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>What the kernel knows of a link.</summary>
/// <param name="Id">Number in the kernel.</param>
/// <param name="ProgramId">Program it runs.</param>
/// <param name="InterfaceIndex">Interface it is on; 0: the interface is gone, or the link is none of XDP's.</param>
public sealed record BpfLinkInfo(uint Id, uint ProgramId, int InterfaceIndex);
