// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Runtime.InteropServices;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp.Supervision;

/// <summary>A line of <c>vrrp_notify_fifo</c>: <c>INSTANCE "edge" MASTER 150</c> (keepalived.conf(5), the notify fifo's output).</summary>
/// <param name="IsGroup">Whether it is of a sync group, not of an instance.</param>
/// <param name="Name">Name of the instance or group.</param>
/// <param name="Event">What has come about.</param>
/// <param name="Priority">The priority then, 0 to 255.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct NotifyLine(bool IsGroup, string Name, NotifyEvent Event, int Priority)
{
    private const string Instance = "INSTANCE \"", Group = "GROUP \"";

    /// <summary>The role that this leaves an instance in; null: it says nothing of roles. Unknown: keepalived has no part in the instance any more.</summary>
    public VrrpRole? Role => Event switch
    {
        NotifyEvent.Master => VrrpRole.Master,
        NotifyEvent.Backup => VrrpRole.Backup,
        NotifyEvent.Fault => VrrpRole.Fault,
        NotifyEvent.SameRole => null,
        _ => VrrpRole.Unknown,
    };

    /// <summary>Reads one, without its end.</summary>
    /// <returns>False: it is not of that form.</returns>
    public static bool TryParse(string text, out NotifyLine line)
    {
        line = default;
        var isGroup = text.StartsWith(Group, StringComparison.Ordinal);
        if (!isGroup && !text.StartsWith(Instance, StringComparison.Ordinal))
            return false;
        var start = isGroup ? Group.Length : Instance.Length;
        var end = text.IndexOf('"', start);
        if (end <= start || end + 1 >= text.Length || text[end + 1] != ' ')
            return false;
        var rest = text[(end + 2)..];
        var space = rest.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0 || Read(rest[..space]) is not { } happened)
            return false;
        if (!int.TryParse(rest.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var priority) || priority > 255)
            return false;
        line = new NotifyLine(isGroup, text[start..end], happened, priority);
        return true;
    }

    private static NotifyEvent? Read(string word) => word switch
    {
        "MASTER" => NotifyEvent.Master,
        "BACKUP" => NotifyEvent.Backup,
        "FAULT" => NotifyEvent.Fault,
        "STOP" => NotifyEvent.Stop,
        "DELETED" => NotifyEvent.Deleted,
        "MASTER_RX_LOWER_PRI" or "MASTER_PRIORITY" or "BACKUP_PRIORITY" => NotifyEvent.SameRole,
        _ => null,
    };
}
