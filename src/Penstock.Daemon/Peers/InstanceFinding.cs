// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Peers;

/// <summary>What is wrong with an instance over all hosts.</summary>
/// <param name="Instance">Its name.</param>
/// <param name="Masters">Other hosts that are master besides this one; none: no host is master.</param>
/// <param name="Since">Since when.</param>
internal sealed record InstanceFinding(string Instance, IReadOnlyList<string> Masters, DateTimeOffset Since)
{
    /// <summary>Whether two hosts are master.</summary>
    public bool IsSplitBrain => Masters.Count > 0;

    /// <summary>For people.</summary>
    public string Text => IsSplitBrain
        ? $"split brain: VRRP instance {Instance} is MASTER on this host and on {string.Join(", ", Masters)} since {Since:yyyy-MM-dd HH:mm:ss}Z: adverts do not get from one to the other"
        : $"no master: VRRP instance {Instance} is MASTER neither on this host nor on a peer since {Since:yyyy-MM-dd HH:mm:ss}Z: nobody has its addresses";
}
