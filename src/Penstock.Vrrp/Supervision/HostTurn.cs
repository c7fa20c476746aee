// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Linux;

namespace Penstock.Vrrp.Supervision;

/// <summary>What one daemon of a host (of a network namespace) does at a time, whatever its folders: two would take each other's addresses off, or hold them for each other.</summary>
internal static class HostTurn
{
    /// <summary>Takes it, until it is disposed of or this process ends.</summary>
    /// <param name="name">Its name, at most 100 characters of ASCII.</param>
    /// <param name="what">What the other one does already, for people; after its process id.</param>
    /// <param name="logger">Log.</param>
    /// <returns>Null: it is not to be had, and not because of another daemon for sure: any user can take a name, and must not keep a host from its addresses.</returns>
    /// <exception cref="AddressApplyException">A process of root's, or of this daemon's user, has it.</exception>
    public static IDisposable? Take(string name, string what, ILogger logger)
    {
        try
        {
            if (NetworkClaim.TryTake(name) is { } claim)
                return claim;
            var holder = NetworkClaim.Holder(name);
            if (holder is { } other && (other.User == 0 || other.User == ProcessRights.User))
                throw new AddressApplyException($"process {other.Pid} {what} on this host already: stop it, or have it do without");
            logger.LogWarning("a process {Pid} of another user has the name @{Name}: whether another penstock {What} on this host is not known", holder?.Pid, name, what);
        }
        catch (IOException error)
        {
            logger.LogWarning("whether another penstock {What} on this host is not known: {Reason}", what, error.Message);
        }

        return null;
    }
}
