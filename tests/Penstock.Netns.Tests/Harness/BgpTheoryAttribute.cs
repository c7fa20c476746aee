// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Netns.Tests.Harness;

/// <summary>As <see cref="BgpFactAttribute"/>, of several cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BgpTheoryAttribute : TheoryAttribute
{
    public BgpTheoryAttribute() => Skip = BgpFabric.Missing;
}
