// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp.Supervision;

/// <summary>What a line of <c>vrrp_notify_fifo</c> says (keepalived.conf(5)).</summary>
internal enum NotifyEvent
{
    /// <summary>MASTER.</summary>
    Master,

    /// <summary>BACKUP.</summary>
    Backup,

    /// <summary>FAULT; of an instance that a reload has removed, too.</summary>
    Fault,

    /// <summary>STOP: keepalived ends.</summary>
    Stop,

    /// <summary>DELETED: a reload has removed it (<c>notify_deleted</c>).</summary>
    Deleted,

    /// <summary>Another router of lower priority sends adverts, or the priority has changed: no change of role.</summary>
    SameRole,
}
