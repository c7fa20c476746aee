// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp.Tests.Supervision;

/// <summary>A test that starts processes of another user, or in another network namespace.</summary>
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute() => Skip = Environment.IsPrivilegedProcess ? null : "needs root: processes of another user, or in another network namespace";
}
