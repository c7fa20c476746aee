// SPDX-License-Identifier: Apache-2.0
using System.ComponentModel;
using Penstock.Linux;
using Penstock.Linux.Bpf;

namespace Penstock.L4.Xdp;

/// <summary>Interfaces as they were when services were put in place on them.</summary>
/// <param name="ingress">Those that run the program.</param>
/// <param name="egress">Others that frames for backends leave by.</param>
internal sealed class InterfaceWatch(IReadOnlyList<HostInterface> ingress, IReadOnlyList<HostInterface> egress)
{
    /// <summary>Whether one is there that is another than it was, has another MTU or does not run the program. One that is gone has not changed yet.</summary>
    /// <param name="program">The program's number in the kernel.</param>
    public bool HaveChanged(uint program) =>
        ingress.Any(device => HasChanged(device, index => XdpAttachment.Query(index)?.ProgramId != program)) || egress.Any(device => HasChanged(device, _ => false));

    private static bool HasChanged(HostInterface device, Func<int, bool> isWithoutProgram)
    {
        try
        {
            var index = NetworkDevice.Index(device.Name);
            return index != 0 && (index != device.Index || NetworkDevice.Mtu(device.Name) != device.Mtu || isWithoutProgram(index));
        }
        catch (Exception error) when (error is BpfException or Win32Exception)
        {
            return false; // It went just now.
        }
    }
}
