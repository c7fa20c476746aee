// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;

namespace Penstock.Vrrp.Supervision;

/// <summary>A running keepalived: its parent process and the child that speaks VRRP, which the parent starts again when it dies.</summary>
internal sealed class KeepalivedPair : IDisposable
{
    private static readonly TimeSpan s_lastBreath = TimeSpan.FromSeconds(2);

    private readonly KeepalivedFolder _folder;
    private ProcessHandle? _child;

    private KeepalivedPair(KeepalivedFolder folder, ProcessHandle parent) => (_folder, Parent) = (folder, parent);

    /// <summary>The process that signals go to.</summary>
    public ProcessHandle Parent { get; }

    /// <summary>Whether the child has been seen, and runs.</summary>
    public bool IsUp => _child is { HasEnded: false };

    /// <summary>Whether the child has died; the parent starts another, though perhaps not at once.</summary>
    public bool IsChildless => _child is { HasEnded: true };

    /// <summary>The child's descriptor, readable once it has ended; null: it has not been seen.</summary>
    public int? ChildDescriptor => _child?.Descriptor;

    /// <summary>Whether one of the two is stopped, by SIGSTOP or a terminal.</summary>
    public bool IsStopped => Parent.State() == 'T' || _child?.State() == 'T';

    /// <summary>Whether it runs by the group's configuration file; else <see cref="KeepalivedFolder.State"/> has moved since it was started.</summary>
    public bool HasConfig => Parent.Arguments().Contains(_folder.ConfigFile, StringComparer.Ordinal);

    /// <summary>The one that runs with a group's run-time files, whoever has started it, and, where the network is known, whatever has become of the file with its process id.</summary>
    /// <param name="folder">The group's files.</param>
    /// <param name="network">A name that is taken in this network namespace, see <see cref="ProgramProcess.Search"/>; null: none is.</param>
    /// <returns>Null: none does.</returns>
    /// <exception cref="IOException">Its files can't be read.</exception>
    public static KeepalivedPair? Find(KeepalivedFolder folder, string? network)
    {
        if ((ProgramProcess.Open(folder.PidFile, folder.ConfigFile) ?? (network is null ? null : ProgramProcess.Search(folder.RunArguments, network))) is not { } parent)
            return null;
        var pair = new KeepalivedPair(folder, parent);
        _ = pair.LookForChild();
        return pair;
    }

    /// <summary>Ends the child that a killed parent has left, if it has not ended by itself.</summary>
    /// <exception cref="IOException">Its file can't be read.</exception>
    public static void EndOrphan(KeepalivedFolder folder)
    {
        using var orphan = ProgramProcess.Open(folder.VrrpPidFile, folder.ConfigFile);
        if (orphan is not null)
            ProgramProcess.End(orphan, TimeSpan.Zero);
    }

    /// <summary>Starts one, where none runs.</summary>
    /// <exception cref="IOException">It could not be started.</exception>
    public static KeepalivedPair Start(KeepalivedFolder folder, ProgramStart start, Fifo output)
    {
        EndOrphan(folder);

        // A process id that a killed keepalived has left makes the next one end at once, as one that is already running.
        File.Delete(folder.PidFile);
        File.Delete(folder.VrrpPidFile);
        var pid = start.Start(folder.Arguments, folder.LogFile, output);
        var parent = ProcessHandle.TryOpen(pid) ?? throw new IOException($"{start.Binary} has ended at once"); // a child that nobody has waited for can still be opened
        return new KeepalivedPair(folder, parent);
    }

    /// <summary>Finds the child by its file, unless the one that is known runs.</summary>
    /// <returns>Whether there is one that was not known.</returns>
    public bool LookForChild()
    {
        if (IsUp || ProgramProcess.Open(_folder.VrrpPidFile, _folder.ConfigFile) is not { } child)
            return false;
        if (child.HasEnded)
        {
            child.Dispose(); // its file is still that of the one that has died
            return false;
        }

        _child?.Dispose();
        _child = child;
        return true;
    }

    /// <summary>Ends both: the parent in an orderly way if it does so in time, the child when the parent has ended.</summary>
    /// <param name="patience">Time for the orderly way; zero: it is killed.</param>
    public void End(TimeSpan patience)
    {
        _ = LookForChild();
        ProgramProcess.End(Parent, patience);
        if (_child is not null)
            ProgramProcess.End(_child, patience);
    }

    /// <summary>Sees to it that the child has ended, once the parent has. It does so by itself then, and takes its addresses off, unless it is stopped.</summary>
    public void EndChild()
    {
        _ = LookForChild();
        if (_child is not null)
            ProgramProcess.End(_child, _child.State() == 'T' ? TimeSpan.Zero : s_lastBreath);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Parent.Dispose();
        _child?.Dispose();
    }
}
