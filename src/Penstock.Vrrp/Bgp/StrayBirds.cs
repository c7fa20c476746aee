// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Linux;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Bgp;

/// <summary>
/// BIRDs that a daemon with other folders has left when it ended. Such a one goes by the lease that all daemons of a host share, so that it would announce its addresses for as long as another daemon lives; and
/// it has port 179.
/// </summary>
internal static class StrayBirds
{
    /// <summary>Ends those of this user and network namespace.</summary>
    /// <param name="own">This daemon's files: a BIRD of its run folder is none.</param>
    /// <param name="watched">The BIRD that this daemon looks after, if one runs: a path may lead there by a link.</param>
    /// <param name="network">A name that is taken in this network namespace, see <see cref="ProgramProcess.Search"/>.</param>
    /// <param name="patience">Time for the orderly way.</param>
    /// <param name="logger">Log.</param>
    /// <exception cref="AddressApplyException">One does not end, or its daemon lives.</exception>
    /// <exception cref="IOException">Descriptors have run out.</exception>
    public static void End(BirdFolder own, int? watched, string network, TimeSpan patience, ILogger logger) => EndAmong(ProgramProcess.All(), own, watched, network, patience, logger);

    /// <summary>The same among processes and what their arguments, after the program's name, were when they were looked through: a number may mean another by now.</summary>
    internal static void EndAmong(IEnumerable<(int Pid, string[] Arguments)> processes, BirdFolder own, int? watched, string network, TimeSpan patience, ILogger logger)
    {
        foreach (var (pid, arguments) in processes)
        {
            if (pid == watched || BirdFolder.Of(arguments) is not { } folder || ProgramFolders.AreSame(folder.Run, own.Run))
                continue;
            using var process = ProcessHandle.TryOpen(pid);
            if (process is null || !ProgramProcess.Has(process, arguments) || process.User() != ProcessRights.User || !IsPenstocks(folder) || !NetworkClaim.IsSeenBy(pid, network))
                continue;
            using var turn = FolderLock.TryTake(folder.Run) ?? throw new AddressApplyException($"process {pid} is the BIRD of another penstock of this host ({folder.Run}), which runs: stop it, or have it do without");
            if (!ProgramProcess.Has(process, arguments)) // what is opened stays what it is, but it may have become another program
                continue;
            ProgramProcess.End(process, patience);
            if (!process.HasEnded)
                throw new AddressApplyException($"process {pid}, the BIRD of {folder.Run}, left by a daemon that does not run any more, does not end");
            logger.LogWarning("bird of {Folder}, process {Pid}, left by a daemon that does not run any more, has ended: this one announces", folder.Run, pid);
        }
    }

    // An operator's own may have arguments of this form; but no FIFO to say things by.
    private static bool IsPenstocks(BirdFolder folder) => FileKind.Owner(folder.Run) == ProcessRights.User && FileKind.IsFifo(folder.LogFile);
}
