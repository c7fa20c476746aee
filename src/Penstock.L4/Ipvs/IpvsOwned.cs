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
    private HashSet<string> _next = new(StringComparer.Ordinal);
    private bool _isChanging;

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

    private string Before => _path + ".before";

    private string Next => _path + ".next";

    private string New => _path + ".new";

    /// <summary>Whether something is ours.</summary>
    public bool Has(string name) => _names.Contains(name);

    /// <summary>
    /// Lists what is about to be ours beside what is: before it is made, so that nothing is made that is not listed. Both ends of the change are laid out beside the
    /// list, so that neither takes room on the disk later.
    /// </summary>
    /// <param name="names">What is to be ours in the end.</param>
    /// <exception cref="L4ApplyException">The list can't be written; it is as it was.</exception>
    public void Begin(IEnumerable<string> names)
    {
        _next = [.. names];
        if (!_isChanging && _next.SetEquals(_names) && File.Exists(_path) == _names.Count > 0)
            return;
        try
        {
            CreateFolder(_path);
            Write(Before, _names);
            Write(Next, _next);
            Write(New, [.. _names, .. _next]);
            DurableFile.Rename(New, _path);
            _isChanging = true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            foreach (var part in (string[])[Before, Next, New])
                Remove(part);
            throw new L4ApplyException($"l4: {_path}, which lists what this daemon has made in IPVS, can't be written, so IPVS stays as it is: {error.Message}", error);
        }
    }

    /// <summary>What was to be ours is, and nothing else.</summary>
    /// <exception cref="IOException">The list can't be put in place; it lists both.</exception>
    public void Commit()
    {
        if (!_isChanging)
            return;
        Place(Next, _next);
        (_names, _isChanging) = (_next, false);
        Remove(Before);
    }

    /// <summary>What was to be ours is not, and may be another's.</summary>
    /// <exception cref="IOException">The list can't be put in place; it lists both.</exception>
    public void Return()
    {
        if (!_isChanging)
            return;
        Place(Before, _names);
        _isChanging = false;
        Remove(Next);
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

    private static void Write(string path, HashSet<string> names) => File.WriteAllLines(path, [Header, .. names.Order(StringComparer.Ordinal)]);

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Nobody reads it.
        }
    }

    private void Place(string part, HashSet<string> names)
    {
        DurableFile.Rename(part, _path);
        if (names.Count == 0)
            File.Delete(_path);
    }
}
