// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Ipvs;

/// <summary>
/// What this daemon has made in the kernel, in a file that goes with the kernel's memory: the next daemon takes away what is in it and no longer
/// wanted, and nothing else. One name a line.
/// </summary>
internal sealed class IpvsOwned
{
    private const string Header = "# What penstock has made in the kernel's IPVS. Written by the daemon.";

    private readonly string _path;
    private HashSet<string> _names;

    /// <summary>Reads the file; one that is not there is empty.</summary>
    /// <exception cref="IOException">It can't be read.</exception>
    public IpvsOwned(string path)
    {
        _path = path;
        _names = File.Exists(path)
            ? File.ReadLines(path).Where(line => line.Length > 0 && line[0] != '#').ToHashSet(StringComparer.Ordinal)
            : new HashSet<string>(StringComparer.Ordinal);
    }

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

        var folder = System.IO.Path.GetDirectoryName(_path);
        if (!string.IsNullOrEmpty(folder))
            Directory.CreateDirectory(folder);
        var temporary = _path + ".new";
        File.WriteAllLines(temporary, [Header, .. names.Order(StringComparer.Ordinal)]);
        File.Move(temporary, _path, overwrite: true);
    }
}
