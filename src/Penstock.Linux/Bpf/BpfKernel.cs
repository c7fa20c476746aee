// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>What the running kernel has, by its version.</summary>
public static class BpfKernel
{
    /// <summary>Whether XDP programs can take frames of several buffers (xdp.frags), and copy from them: Linux 5.18.</summary>
    public static bool HasXdpFragments => Environment.OSVersion.Version >= new Version(5, 18);
}
