// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp.Bgp;

/// <summary>The host's BIRD. Disposed, it is left to run for the next daemon.</summary>
internal interface IBird : IDisposable
{
    /// <summary>What it does.</summary>
    BirdStatus Status { get; }

    /// <summary>Which program it is, and by which socket systemd starts it, from its next start or check on.</summary>
    void Use(string binary, string socket);

    /// <summary>Has BIRD itself judge a configuration; nothing changes.</summary>
    /// <exception cref="AddressApplyException">It refuses it, or is not there.</exception>
    void Check(string text);

    /// <summary>Has BIRD run by a configuration: starts it, tells it to read it while its sessions stay, or does nothing where it is the one that runs.</summary>
    /// <exception cref="AddressApplyException">It does not; what ran before runs on.</exception>
    void Apply(string text);

    /// <summary>Ends BIRD in order: its sessions are closed, and what was announced is withdrawn. Its configuration is removed.</summary>
    /// <exception cref="AddressApplyException">It does not end.</exception>
    void Stop();
}
