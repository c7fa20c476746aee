// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp;

/// <summary>The keepalived of one group. Disposed, it is left to run for the next daemon.</summary>
internal interface IKeepalived : IDisposable
{
    /// <summary>Which program it is, and by which socket systemd starts it, from its next start or check on.</summary>
    void Use(string binary, string socket);

    /// <summary>Has keepalived itself judge a configuration; nothing changes.</summary>
    /// <exception cref="AddressApplyException">It refuses it, or is not there.</exception>
    void Check(string text);

    /// <summary>Runs by a plan: starts, adopts what a daemon before has left, reloads, or does nothing where it is the one that runs.</summary>
    /// <exception cref="AddressApplyException">It does not; what ran before runs on.</exception>
    Task ApplyAsync(KeepalivedPlan plan);

    /// <summary>Tells keepalived of an instance's health.</summary>
    /// <param name="instance">Its name.</param>
    /// <param name="value">As <see cref="InstanceHealth.Value"/>.</param>
    void SetHealth(string instance, int value);

    /// <summary>What it does.</summary>
    KeepalivedStatus Status { get; }

    /// <summary>Ends keepalived in order: another host has the addresses as soon as it can, this one has none of them any more.</summary>
    Task StopAsync();
}
