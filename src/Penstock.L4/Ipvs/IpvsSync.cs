// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Ipvs;

/// <summary>One of the two sync daemons of the kernel.</summary>
/// <param name="IsMaster">Whether it is the one that tells of connections; else it hears of them.</param>
/// <param name="Interface">The interface of its multicasts.</param>
/// <param name="Id">Its group's number.</param>
internal sealed record IpvsSync(bool IsMaster, string Interface, uint Id)
{
    /// <summary>Name of the one that tells in lists of what is ours.</summary>
    public const string MasterName = "sync master";

    /// <summary>Name of the one that hears.</summary>
    public const string BackupName = "sync backup";

    /// <summary>Its name there.</summary>
    public string Name => IsMaster ? MasterName : BackupName;
}
