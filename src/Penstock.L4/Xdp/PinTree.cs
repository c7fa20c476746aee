// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Bpf;

namespace Penstock.L4.Xdp;

/// <summary>Where the maps, links and the program are pinned.</summary>
/// <param name="root">A folder in a bpffs, or one to mount a bpffs on.</param>
internal sealed class PinTree(string root)
{
    // A bpffs takes no names with dots (kernel/bpf/inode.c, bpf_lookup).
    private const string Fresh = "_new";
    private const string AnyMaps = "maps-v*";
    private const string EscapedDot = "%2e";
    private const char Separator = '_';

    /// <summary>The folder.</summary>
    public string Root => root;

    /// <summary>The pinned program.</summary>
    public string Program => Path.Combine(root, "program");

    private string Maps => Path.Combine(root, $"maps-v{Layout.Version}");

    private string Links => Path.Combine(root, "links");

    private string Probes => Path.Combine(root, "probes");

    /// <summary>Whether something that penstock has pinned is there, or a folder it has made for that. Only a bpffs takes pins.</summary>
    public bool HasOwn =>
        BpfFileSystem.Holds(root) && (Directory.GetDirectories(root, AnyMaps).Append(Links).Append(Probes).Any(Directory.Exists) || File.Exists(Program));

    /// <summary>Fails where a file has the folder's place.</summary>
    /// <exception cref="IOException">One has.</exception>
    public void RequireFolder()
    {
        if (File.Exists(root))
            throw new IOException($"{root} is a file: pins take a folder");
    }

    /// <summary>Makes the folders.</summary>
    /// <exception cref="IOException">There are other files, which a bpffs mounted there would hide; or the folders can't be made.</exception>
    public void Create()
    {
        RequireFolder();
        var above = Path.GetDirectoryName(root) ?? "/";
        if (!BpfFileSystem.Holds(root) && !BpfFileSystem.Holds(above))
        {
            if (Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any())
                throw new IOException($"l4.pins: {root} holds files of something else, which would be hidden; give a folder of its own, that is empty or not there");
            BpfFileSystem.Mount(root);
        }

        Directory.CreateDirectory(Maps);
        Directory.CreateDirectory(Links);
    }

    /// <summary>Removes what an interrupted start has left of maps and the program; of health checks' programs <see cref="ProbeAttachments"/> does. For the owner of the folder alone: another's is no interrupted one.</summary>
    public void RemoveLeft()
    {
        foreach (var left in Directory.GetFiles(Maps, "*" + Fresh).Concat(Directory.GetFiles(root, "*" + Fresh)))
            File.Delete(left);
    }

    /// <summary>Removes the maps that another layout version has left.</summary>
    /// <returns>A line for people about each.</returns>
    public IEnumerable<string> RemoveOtherVersions()
    {
        foreach (var folder in Directory.Exists(root) ? Directory.GetDirectories(root, AnyMaps).Where(folder => folder != Maps) : [])
        {
            Directory.Delete(folder, recursive: true);
            yield return $"{Path.GetFileName(folder)} has another layout";
        }
    }

    /// <summary>A pinned map.</summary>
    public string Map(string name) => Path.Combine(Maps, name);

    /// <summary>A pinned link.</summary>
    public string Link(string interfaceName) => Path.Combine(Links, Escape(interfaceName));

    /// <summary>Interfaces that have a pinned link.</summary>
    public IReadOnlyList<string> LinkNames() =>
        Directory.Exists(Links) ? [.. Directory.GetFiles(Links).Select(path => Unescape(Path.GetFileName(path)))] : [];

    /// <summary>Makes the folder of health checks' programs.</summary>
    public void CreateProbes() => Directory.CreateDirectory(Probes);

    /// <summary>Something pinned for health checks on an interface.</summary>
    /// <param name="interfaceName">The interface.</param>
    /// <param name="word">What of it, without an underscore.</param>
    public string Probe(string interfaceName, string word) => Path.Combine(Probes, Escape(interfaceName) + Separator + word);

    /// <summary>Interfaces that have something pinned for health checks.</summary>
    public IReadOnlyList<string> ProbeNames() =>
        Directory.Exists(Probes) ? [.. Directory.GetFiles(Probes).Select(path => Path.GetFileName(path)).Select(name => name.EndsWith(Fresh, StringComparison.Ordinal) ? name[..^Fresh.Length] : name).Select(name => Unescape(name[..name.LastIndexOf(Separator)])).Distinct(StringComparer.Ordinal)] : [];

    /// <summary>Where something is pinned before it takes its place.</summary>
    public static string Beside(string path) => path + Fresh;

    /// <summary>Puts something pinned in place of what is there, at once.</summary>
    /// <param name="path">The place.</param>
    /// <param name="pin">Pins it.</param>
    /// <param name="between">What is done while both are pinned; null: nothing.</param>
    public static void Replace(string path, Action<string> pin, Action? between = null)
    {
        var fresh = Beside(path);
        File.Delete(fresh);
        pin(fresh);
        between?.Invoke();
        File.Move(fresh, path, overwrite: true);
    }

    /// <summary>Removes everything, the bpffs too if it was mounted for this. A folder that is not this process's to remove, as under systemd, stays and is empty; one that has nothing of penstock's is not touched.</summary>
    public void Delete()
    {
        if (!HasOwn)
            return;
        foreach (var folder in Directory.GetDirectories(root, AnyMaps).Append(Links).Append(Probes).Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
        File.Delete(Program);
        if (!BpfFileSystem.Unmount(root) && Directory.EnumerateFileSystemEntries(root).Any())
            return;
        try
        {
            Directory.Delete(root);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A mount point of another namespace (EBUSY), or in a folder of root's.
        }
    }

    private static string Escape(string interfaceName) => interfaceName.Replace(".", EscapedDot, StringComparison.Ordinal);

    private static string Unescape(string fileName) => fileName.Replace(EscapedDot, ".", StringComparison.Ordinal);
}
