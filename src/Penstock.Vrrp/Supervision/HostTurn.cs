// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Linux;

namespace Penstock.Vrrp.Supervision;

/// <summary>What one daemon of a host (of a network namespace) does at a time, whatever its folders: two would take each other's addresses off, or hold them for each other.</summary>
internal static class HostTurn
{
    private const uint FirstPerson = 1000; // users below are the system's: adduser(8), useradd(8)

    /// <summary>Takes it, until it is disposed of or this process ends.</summary>
    /// <param name="name">Its name, at most 100 characters of ASCII.</param>
    /// <param name="what">What the other one does already, for people; after its process id.</param>
    /// <param name="run">Folder of this daemon's run-time files.</param>
    /// <param name="logger">Log.</param>
    /// <returns>Null: it is not to be had, and not because of another daemon for sure: any user can take a name, and must not keep a host from its addresses.</returns>
    /// <exception cref="AddressApplyException">Another penstock has it, see <see cref="IsPenstocks"/>.</exception>
    public static IDisposable? Take(string name, string what, string run, ILogger logger)
    {
        try
        {
            if (NetworkClaim.TryTake(name) is { } claim)
                return claim;
            if (NetworkClaim.Holder(name) is not { } holder)
            {
                logger.LogWarning("a process that does not say which it is has the name @{Name}: whether another penstock {What} on this host is not known", name, what);
                return null;
            }

            // Zero: it has no number here.
            var process = holder.Pid == 0 ? "a process of another PID namespace, such as a container's," : $"process {holder.Pid}";
            if (IsPenstocks(holder, ProcessRights.User, run))
                throw new AddressApplyException($"{process} {what} on this host already: stop it, or have it do without");
            logger.LogWarning("{Process} of user {User} has the name @{Name}: whether another penstock {What} on this host is not known", process, holder.User, name, what);
        }
        catch (IOException error)
        {
            logger.LogWarning("whether another penstock {What} on this host is not known: {Reason}", what, error.Message);
        }

        return null;
    }

    /// <summary>Whether another penstock has it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="run">Folder of this daemon's run-time files.</param>
    /// <returns>False: nobody has, or this process; or it is not known.</returns>
    public static bool IsAnothers(string name, string run)
    {
        try
        {
            return NetworkClaim.Holder(name) is { } holder && holder.Pid != Environment.ProcessId && IsPenstocks(holder, ProcessRights.User, run);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Whether a name's holder is taken for another penstock: one of root's or of this daemon's user; for root's daemon also one of whoever has the run folder, or a system user's that runs this program: anybody else may run it, as something else, and keep names.</summary>
    /// <param name="holder">Its process id, 0 where it has none here, and its user.</param>
    /// <param name="own">This daemon's user.</param>
    /// <param name="run">Folder of this daemon's run-time files.</param>
    internal static bool IsPenstocks((int Pid, uint User) holder, uint own, string run) =>
        holder.User == 0 || holder.User == own
        || (own == 0 && (holder.User == FileKind.Owner(run) || (holder.User < FirstPerson && Program("self") is { } program && holder.Pid != 0 && Program($"{holder.Pid}") == program)));

    private static string? Program(string process) => new FileInfo($"/proc/{process}/exe").LinkTarget?.Replace(" (deleted)", "", StringComparison.Ordinal); // an upgrade has replaced it
}
