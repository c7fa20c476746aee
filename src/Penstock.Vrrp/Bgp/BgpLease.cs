// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.Linux.Netlink;
using Penstock.Model.Bgp;

namespace Penstock.Vrrp.Bgp;

/// <summary>
/// Until when the daemon counts as alive: the kernel takes an address off lo then (its valid lifetime), and BIRD, which has what it announces by way of that address, withdraws it. No
/// process has to live for that but BIRD. Not for several threads at a time.
/// </summary>
/// <param name="loopback">Addresses of lo.</param>
internal sealed class BgpLease(ILoopback loopback)
{
    /// <summary>Has one that lasts go on while the next daemon starts, for <see cref="BirdConfig.RestartGrace"/>; once, until a daemon has come to run.</summary>
    /// <returns>Whether it goes on.</returns>
    /// <exception cref="AddressApplyException">It could not be seen to.</exception>
    public static bool TryBridge(IEnumerable<AddressFamily> families, BirdConfig bird)
    {
        try
        {
            using var loopback = new Loopback();
            var lease = new BgpLease(loopback);
            var bridge = new BirdFolder(bird).BridgeFile;
            if (bird.RestartGrace < TimeSpan.FromSeconds(1) || File.Exists(bridge) || !lease.IsHeld())
                return false;
            File.WriteAllText(bridge, "");
            lease.Hold(families, bird.RestartGrace);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NetlinkException)
        {
            throw new AddressApplyException($"bird: {error.Message}", error);
        }
    }

    /// <summary>Has it last for so long from now on: longer or shorter than it would.</summary>
    /// <param name="families">Families of what is announced.</param>
    /// <param name="length">Whole seconds; less than one: it ends.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public void Hold(IEnumerable<AddressFamily> families, TimeSpan length)
    {
        if (length < TimeSpan.FromSeconds(1))
        {
            End();
            return;
        }

        NetlinkException? refused = null;
        foreach (var address in families.Select(LeaseAddress.Of))
        {
            try
            {
                loopback.Put(address.Own, address.Length, length);
            }
            catch (NetlinkException error)
            {
                refused = error; // A family that is off costs the other nothing.
            }
        }

        if (refused is not null)
            throw refused;
    }

    /// <summary>Ends it.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public void End()
    {
        var there = loopback.OfHost();
        foreach (var address in LeaseAddress.All.Where(one => there.Contains(one.Own)))
            loopback.Remove(address.Own, address.Length);
    }

    /// <summary>Whether it lasts.</summary>
    /// <exception cref="NetlinkException">The kernel did not answer.</exception>
    public bool IsHeld()
    {
        var there = loopback.OfHost();
        return LeaseAddress.All.Any(one => there.Contains(one.Own));
    }
}
