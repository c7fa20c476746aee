// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Bpf.Tests;

/// <summary>A table of tests on the running kernel, skipped where BPF may not be used.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BpfTheoryAttribute : TheoryAttribute
{
    public BpfTheoryAttribute() => Skip = Programs.Missing;
}
