// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Netns.Tests.Harness;

/// <summary>A test between network namespaces with BIRD and FRR: skipped where they can't be made or a program is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BgpFactAttribute : FactAttribute
{
    public BgpFactAttribute() => Skip = BgpFabric.Missing;
}
