// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Tests;

/// <summary>A test of what only an optimised build does: a debug build makes every async state machine an object.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ReleaseFactAttribute : FactAttribute
{
    public ReleaseFactAttribute()
    {
#if DEBUG
        Skip = "needs a Release build: a debug build makes every async state machine an object";
#endif
    }
}
