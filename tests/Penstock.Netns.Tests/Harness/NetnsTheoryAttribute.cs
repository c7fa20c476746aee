// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Netns.Tests.Harness;

/// <summary>As <see cref="NetnsFactAttribute"/>, of several cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NetnsTheoryAttribute : TheoryAttribute
{
    public NetnsTheoryAttribute() => Skip = NetnsFactAttribute.Missing;
}
