// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.Vrrp;

/// <summary>Virtual addresses that this host has for as long as its daemon lives: by VRRP, by BGP. Any thread may call these.</summary>
public interface IAddressTier
{
    /// <summary>Whether a configuration has such addresses.</summary>
    bool HasAddresses(ApplianceConfig config);

    /// <summary>Time without a sign of life of the daemon after which they are given up.</summary>
    TimeSpan DeadAfter(ApplianceConfig config);

    /// <summary>How long they stay when a daemon stops without which the kernel goes on.</summary>
    TimeSpan RestartGrace(ApplianceConfig config);

    /// <summary>Says that the daemon is alive. Where it does not for <see cref="DeadAfter"/>, the addresses are given up.</summary>
    /// <exception cref="AddressApplyException">It can't be said.</exception>
    void Renew();

    /// <summary>
    /// For the end of a daemon without which the host serves nothing: other hosts take the addresses, or their packets, while this one still has them, so that none is lost on the way.
    /// </summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Names of what no other host has taken.</returns>
    Task<IReadOnlyList<string>> HandOverAsync(CancellationToken cancellation);

    /// <summary>Longest time that <see cref="HandOverAsync"/> takes.</summary>
    TimeSpan HandOverLimit(ApplianceConfig config);

    /// <summary>The addresses are given up, whether another host takes them or not, until a daemon says otherwise.</summary>
    void GiveUp();

    /// <summary>For the end of a daemon without which the kernel goes on: the addresses stay for <see cref="RestartGrace"/>.</summary>
    /// <exception cref="AddressApplyException">They do not.</exception>
    void StayForRestart();
}
