// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>What a host does with connections in a group that shares them.</summary>
public enum IpvsSyncRole
{
    /// <summary>Tells its own and hears of others'.</summary>
    Both,

    /// <summary>Tells its own.</summary>
    Master,

    /// <summary>Hears of others'.</summary>
    Backup,

    /// <summary>Tells its own while it is master of a VRRP instance, hears of others' while it is not master of one.</summary>
    Vrrp,
}
