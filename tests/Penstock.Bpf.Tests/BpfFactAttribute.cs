// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Bpf.Tests;

/// <summary>A test on the running kernel, skipped where BPF may not be used.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BpfFactAttribute : FactAttribute
{
    public BpfFactAttribute() => Skip = Programs.Missing;
}
