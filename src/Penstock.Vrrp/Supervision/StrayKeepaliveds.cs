// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;
using Penstock.Linux.Netlink;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp.Supervision;

/// <summary>
/// keepaliveds that a daemon with other folders has left when it ended. Its routers are nobody's then, but until its lease has ended such a keepalived has their addresses, or would take them; and when it
/// gives them up it takes them off under one that another daemon has started.
/// </summary>
internal static class StrayKeepaliveds
{
    /// <summary>Finds those of this network namespace that speak for one of some virtual routers, and that this daemon may end.</summary>
    /// <param name="run">Folder of this daemon's run-time files: keepaliveds of it are none.</param>
    /// <param name="instances">Instances, whose routers this daemon has taken.</param>
    /// <exception cref="AddressApplyException">Another user's has the addresses, or the kernel does not tell.</exception>
    public static IReadOnlyList<KeepalivedFolder> Find(string run, IReadOnlyList<VrrpInstanceConfig> instances) => FindAmong(instances.Count > 0 ? ProgramProcess.All() : [], run, instances);

    /// <summary>The same among processes and what their arguments, after the program's name, were when they were looked through: a number may mean another by now.</summary>
    internal static IReadOnlyList<KeepalivedFolder> FindAmong(IEnumerable<(int Pid, string[] Arguments)> processes, string run, IReadOnlyList<VrrpInstanceConfig> instances)
    {
        var found = new Dictionary<string, KeepalivedFolder>(StringComparer.Ordinal); // the parent and its child have the same
        var others = new List<(int Pid, uint User, string Run)>();
        foreach (var (pid, arguments) in processes)
        {
            if (KeepalivedFolder.Of(arguments) is not { } folder || ProgramFolders.AreSame(folder.Run, new KeepalivedFolder(folder.State, run, folder.Group).Run))
                continue;
            using var process = ProcessHandle.TryOpen(pid);
            if (process is null || !ProgramProcess.Has(process, arguments) || process.User() is not { } user || !instances.Any(one => NetworkClaim.IsSeenBy(pid, RouterTurns.Name(one))))
                continue;
            if (user != ProcessRights.User)
                others.Add((pid, user, folder.Run));
            else if (FileKind.Owner(folder.Run) == user && !IsOwn(folder, run) && instances.Any(one => Holds(folder.HoldingsFile, one)))
                found[folder.Run] = folder;
        }

        foreach (var (pid, user, folder) in others)
        {
            if (instances.FirstOrDefault(one => IsAnothers(one, run, found.Values)) is { } instance)
            {
                throw new AddressApplyException(
                    $"process {pid}, a keepalived of user {user} ({folder}), has router id {instance.RouterId} of {instance.Interface} ({instance.Name}) on this host: stop its penstock, or end it where none runs");
            }
        }

        return [.. found.Values];
    }

    // What another user's says of itself counts for nothing, and no file that it names is read: it may be one that never ends. What counts is that the address that adverts name is on the interface, which not
    // everybody can put there, and that no keepalived of this user's has put it.
    private static bool IsAnothers(VrrpInstanceConfig instance, string run, IEnumerable<KeepalivedFolder> strays) =>
        IsOnHost(instance)
        && !strays.Select(stray => stray.HoldingsFile).Concat(Directory.Exists(run) ? Directory.EnumerateDirectories(run).Select(group => new KeepalivedFolder("", run, Path.GetFileName(group)).HoldingsFile) : [])
            .Any(holdings => Holds(holdings, instance));

    private static bool Holds(string holdings, VrrpInstanceConfig instance)
    {
        try
        {
            return FileKind.IsRegular(holdings) && Holdings.Parse(File.ReadAllLines(holdings)).Any(one => one.Addresses.Contains(Token(instance)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false; // there is none, or not for this daemon's eyes: another container's
        }
    }

    private static bool IsOnHost(VrrpInstanceConfig instance)
    {
        try
        {
            using var netlink = new InterfaceNetlink();
            return Holdings.Has(netlink, new KeepalivedInstance(instance.Name, [Token(instance)], [instance.Macvlan()])) == true;
        }
        catch (NetlinkException error)
        {
            throw new AddressApplyException($"keepalived: {error.Message}", error);
        }
    }

    private static KeepalivedAddress Token(VrrpInstanceConfig instance) => new(instance.Interface, instance.Token().Address);

    // A path may lead there by a link: then the file of the process id is the same.
    private static bool IsOwn(KeepalivedFolder folder, string run)
    {
        var own = new KeepalivedFolder(folder.State, run, folder.Group);
        try
        {
            return FileKind.IsRegular(own.PidFile) && FileKind.IsRegular(folder.PidFile) && File.ReadAllBytes(own.PidFile).AsSpan().SequenceEqual(File.ReadAllBytes(folder.PidFile));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
