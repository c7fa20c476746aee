// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Linux.Netlink;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp.Supervision;

/// <summary>What one keepalived reports of its instances' roles: told on, logged, and kept in a file for who comes after this daemon.</summary>
internal sealed class RoleReports(KeepalivedFolder folder, ILogger logger, TimeProvider time, Action<VrrpRoleChange>? changed)
{
    private readonly string _file = Path.Combine(folder.Run, "roles");

    /// <summary>The roles.</summary>
    public RoleBook Book { get; } = new(time);

    /// <summary>Lines that were not understood.</summary>
    public long Unknown { get; private set; }

    /// <summary>Takes lines of the FIFO.</summary>
    public void Take(IEnumerable<string> lines)
    {
        foreach (var text in lines)
        {
            if (!NotifyLine.TryParse(text, out var line))
            {
                Unknown++;
                logger.LogWarning("keepalived {Group} reports what is not understood: {Line}", folder.Group, text);
            }
            else if (Book.Take(line) is { } change)
            {
                Tell(change);
            }
        }
    }

    /// <summary>What a keepalived that runs on had last said to another daemon. The FIFO, which holds what it has said since, is to be read after this.</summary>
    public void Recall()
    {
        if (!File.Exists(_file))
            return;
        foreach (var text in File.ReadAllLines(_file))
        {
            if (NotifyLine.TryParse(text, out var line) && line.Role is { } role and not VrrpRole.Unknown)
                _ = Book.Find(line.Name, role);
        }
    }

    /// <summary>Holds the roles against the host: who has its addresses is master, who has none is not. Before this, everything reported has been taken.</summary>
    /// <exception cref="NetlinkException">The kernel did not answer.</exception>
    public void Verify(InterfaceNetlink netlink, IEnumerable<KeepalivedInstance> instances)
    {
        foreach (var instance in instances)
        {
            var known = Book.Of(instance.Name);
            VrrpRole? seen = Holdings.Has(netlink, instance) switch
            {
                true when known != VrrpRole.Master => VrrpRole.Master,
                false when known is VrrpRole.Master or VrrpRole.Unknown => VrrpRole.Backup,
                _ => null,
            };
            if (seen is { } role && Book.Find(instance.Name, role) is { } change)
                Tell(change);
        }
    }

    /// <summary>Tells the roles that are known: whoever has just begun to listen has heard of none.</summary>
    public void Announce()
    {
        foreach (var known in Book.Roles.Where(known => known.Role != VrrpRole.Unknown))
            changed?.Invoke(new VrrpRoleChange(known.Instance, VrrpRole.Unknown, known.Role, time.GetUtcNow()));
    }

    /// <summary>Nothing is known any more: keepalived has ended.</summary>
    public void Forget()
    {
        foreach (var known in Book.Roles)
        {
            if (Book.Set(known.Instance, VrrpRole.Unknown) is { } change)
                Tell(change);
        }
    }

    private void Tell(VrrpRoleChange change)
    {
        logger.LogInformation("VRRP instance {Instance}: {Role}, was {From}", change.Instance, change.Role, change.From);
        changed?.Invoke(change);
        try
        {
            File.WriteAllLines(_file, Book.Roles.Where(known => known.Role != VrrpRole.Unknown).Select(known => $"INSTANCE \"{known.Instance}\" {Word(known.Role)} 0"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning("the next daemon will not know the role of VRRP instance {Instance}: {Error}", change.Instance, error.Message);
        }
    }

    private static string Word(VrrpRole role) => role switch
    {
        VrrpRole.Master => "MASTER",
        VrrpRole.Backup => "BACKUP",
        _ => "FAULT",
    };
}
