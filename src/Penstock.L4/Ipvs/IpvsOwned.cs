// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;

namespace Penstock.L4.Ipvs;

/// <summary>
/// What this daemon has made in the kernel, in a file that goes with the kernel's memory: the next daemon takes away what is in it and no longer
/// wanted, and nothing else. One name a line. A file beside it is locked: one daemon at a time goes by it.
/// </summary>
internal sealed class IpvsOwned : IDisposable
{
    private const string Header = "# What penstock has made in the kernel's IPVS. Written by the daemon.";

    private readonly string _path;
    private readonly FolderLock _lock;
    private HashSet<string> _names;

    private IpvsOwned(string path, FolderLock turn)
    {
        _path = path;
        _lock = turn;
        _names = Read(path);
    }

    /// <summary>Takes the file and reads it; one that is not there is empty.</summary>
    /// <exception cref="L4ApplyException">Another process goes by it.</exception>
    /// <exception cref="IOException">It can't be read, or locked.</exception>
    public static IpvsOwned Open(string path)
    {
        CreateFolder(path);
        var turn = Take(path + ".lock")
            ?? throw new L4ApplyException($"l4: another process runs the services listed in {path}: stop it, or use another l4.ipvs.state");
        try
        {
            return new IpvsOwned(path, turn);
        }
        catch
        {
            turn.Dispose();
            throw;
        }
    }

    /// <summary>What a file lists, whoever goes by it; one that is not there: nothing.</summary>
    /// <exception cref="IOException">It can't be read.</exception>
    public static HashSet<string> Read(string path) => File.Exists(path)
        ? File.ReadLines(path).Where(line => line.Length > 0 && line[0] != '#').ToHashSet(StringComparer.Ordinal)
        : new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Where it is.</summary>
    public string Path => _path;

    /// <summary>What is ours.</summary>
    public IReadOnlySet<string> Names => _names;

    /// <summary>Whether something is ours.</summary>
    public bool Has(string name) => _names.Contains(name);

    /// <summary>Writes what is about to be ours besides: before it is made, so that nothing is made that is not listed.</summary>
    public void Include(IEnumerable<string> names) => Write([.. _names, .. names]);

    /// <summary>Writes what is ours and nothing else.</summary>
    public void Replace(IEnumerable<string> names) => Write([.. names]);

    /// <summary>Has only that be ours which was before: what was about to be made was not, and may be another's.</summary>
    /// <exception cref="IOException">The file can't be written and lists too much; <see cref="Has"/> is right all the same.</exception>
    public void Return(IReadOnlySet<string> names)
    {
        var listed = _names;
        _names = [.. names];
        if (!listed.SetEquals(_names))
            Store(_names);
    }

    /// <summary>Lets another process have it.</summary>
    public void Dispose() => _lock.Dispose();

    private static FolderLock? Take(string path)
    {
        try
        {
            return FolderLock.TryTakeFile(path);
        }
        catch (IOException error) when (File.Exists(path))
        {
            throw new L4ApplyException($"l4: {error.Message}: where it is another user's whose daemon is gone, remove it", error);
        }
    }

    private static void CreateFolder(string path)
    {
        var folder = System.IO.Path.GetDirectoryName(path);
        if (!string.IsNullOrEmpty(folder))
            Directory.CreateDirectory(folder);
    }

    private void Write(HashSet<string> names)
    {
        if (names.SetEquals(_names) && File.Exists(_path) == names.Count > 0)
            return;
        Store(names);
        _names = names;
    }

    private void Store(HashSet<string> names)
    {
        if (names.Count == 0)
        {
            File.Delete(_path);
            return;
        }

        CreateFolder(_path);
        var temporary = _path + ".new";
        File.WriteAllLines(temporary, [Header, .. names.Order(StringComparer.Ordinal)]);
        File.Move(temporary, _path, overwrite: true);
    }
}
