// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>CPUs as per-CPU maps count them.</summary>
public static class BpfCpus
{
    /// <summary>CPUs the host may have, online or not: how many values a per-CPU entry has.</summary>
    public static int Possible { get; } = BpfException.Check(Libbpf.libbpf_num_possible_cpus(), "count CPUs");
}
