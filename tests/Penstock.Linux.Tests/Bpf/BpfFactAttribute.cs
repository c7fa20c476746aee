// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Tests.Bpf;

/// <summary>A test on the running kernel's BPF: skipped where it may not be used or no object can be compiled.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BpfFactAttribute : FactAttribute
{
    public BpfFactAttribute() => Skip = SampleObject.Missing;
}
