// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Tests;

/// <summary>A test that mounts a file system for its daemon alone.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute() => Skip = Environment.IsPrivilegedProcess ? null : "needs root: mounts a file system";
}
