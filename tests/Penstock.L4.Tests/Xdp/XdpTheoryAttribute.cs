// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Tests.Xdp;

/// <summary>A test with several cases on the running kernel: skipped where BPF may not be used or the programs can't be compiled.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class XdpTheoryAttribute : TheoryAttribute
{
    public XdpTheoryAttribute() => Skip = ProgramObject.Missing;
}
