// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;

namespace Penstock.Linux.Bpf;

/// <summary>What the running kernel has.</summary>
public static class BpfKernel
{
    private const int XdpProgramType = 6; // BPF_PROG_TYPE_XDP

    private static readonly ConcurrentDictionary<BpfFunction, bool> s_helpers = new();

    /// <summary>Whether XDP programs can call a helper: found out by a program that does, once.</summary>
    /// <exception cref="BpfException">The kernel does not say: the process may load no programs.</exception>
    public static bool Has(BpfFunction helper) => s_helpers.GetOrAdd(helper, Probe);

    /// <summary>Whether the kernel describes its types (CONFIG_DEBUG_INFO_BTF), which programs need that read them.</summary>
    public static bool HasTypes => File.Exists("/sys/kernel/btf/vmlinux");

    private static bool Probe(BpfFunction helper)
    {
        LibbpfLog.Install();
        return BpfException.Check(Libbpf.libbpf_probe_bpf_helper(XdpProgramType, (int)helper, 0), $"probe helper {helper}") > 0;
    }
}
