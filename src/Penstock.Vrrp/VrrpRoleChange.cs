// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp;

/// <summary>A VRRP instance has another role on this host.</summary>
/// <param name="Instance">Its name.</param>
/// <param name="From">The role it had.</param>
/// <param name="Role">The role it has.</param>
/// <param name="At">When this was learnt.</param>
public sealed record VrrpRoleChange(string Instance, VrrpRole From, VrrpRole Role, DateTimeOffset At);
