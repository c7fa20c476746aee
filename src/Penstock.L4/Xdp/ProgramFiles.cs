// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Xdp;

/// <summary>The programs of a daemon, each read once: the package of another version may put its own in their place, and this one loads them again while it runs, with larger maps say.</summary>
internal sealed class ProgramFiles
{
    private readonly Dictionary<(string? Configured, string Name), ProgramFile> _read = [];

    /// <summary>A program, as it was when it was asked for first.</summary>
    /// <param name="configured">Where the configuration says it is; null: nothing is said.</param>
    /// <param name="name">Its name in <c>bpf/</c>.</param>
    /// <exception cref="L4ApplyException">It is not there, or does not belong to this binary.</exception>
    /// <exception cref="Linux.Bpf.BpfException">It is no BPF object.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public ProgramFile Get(string? configured, string name)
    {
        if (!_read.TryGetValue((configured, name), out var file))
            _read.Add((configured, name), file = ProgramFile.Read(ProgramFile.Find(configured, name)));
        return file;
    }

    /// <summary>Reads a program that may be asked for later.</summary>
    /// <param name="configured">Where the configuration says it is; null: nothing is said.</param>
    /// <param name="name">Its name in <c>bpf/</c>.</param>
    public void Keep(string? configured, string name)
    {
        try
        {
            Get(configured, name);
        }
        catch (Exception error) when (error is L4ApplyException || HostNeeds.IsFault(error))
        {
            // Said when it is asked for.
        }
    }
}
