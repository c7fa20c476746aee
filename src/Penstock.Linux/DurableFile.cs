// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>Files that hold what a daemon has to know after a crash, of it or of the host: each is there whole, as it was or as it is to be.</summary>
public static class DurableFile
{
    private const int ReadFolder = 0x80000; // O_RDONLY | O_CLOEXEC. Not O_DIRECTORY, which is another bit on each architecture.

    /// <summary>Puts a file in place of the one before.</summary>
    /// <param name="path">The file. Beside it is <c>PATH.new</c> meanwhile, which a crash may leave: it counts for nothing, and the next write replaces it.</param>
    /// <param name="content">What is to be in it.</param>
    /// <exception cref="IOException">It can't be written; the one before stays.</exception>
    /// <exception cref="UnauthorizedAccessException">The same: it may not be.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var next = path + ".new";
        try
        {
            Prepare(next, content);
            Rename(next, path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Discard(next);
            throw;
        }
    }

    /// <summary>Writes a file anew, readable by its owner alone, to be put in place by <see cref="Rename"/>: it is on the disk afterwards.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be.</exception>
    public static void Prepare(string path, ReadOnlySpan<byte> content)
    {
        File.Delete(path); // its mode may be another
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Gives a file the name of another, which it replaces; the name is on the disk afterwards (fsync(2) of the folder).</summary>
    /// <exception cref="IOException">It can't be renamed, or the folder could not be written; then either may be found after a crash.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be renamed.</exception>
    public static void Rename(string from, string to)
    {
        File.Move(from, to, overwrite: true);
        Flush(Path.GetDirectoryName(Path.GetFullPath(to))!); // a file is in a folder
    }

    /// <summary>Removes a file; that it is gone is on the disk afterwards, so that no crash brings it back. Nothing where there is none.</summary>
    /// <exception cref="IOException">It can't be removed, or the folder could not be written; then it may be found after a crash.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be removed, or is a folder.</exception>
    public static void Delete(string path)
    {
        if (!Path.Exists(path))
            return;
        File.Delete(path);
        Flush(Path.GetDirectoryName(Path.GetFullPath(path))!); // a file is in a folder
    }

    // What failed before is what the caller is told; the next write replaces what stays.
    private static void Discard(string path)
    {
        try
        {
            if (File.Exists(path))
                File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A file system that has become read-only, say.
        }
    }

    // A folder that may not be read, or whose file system has no such thing, is left to the kernel.
    private static void Flush(string folder)
    {
        var descriptor = Libc.open(folder, ReadFolder);
        if (descriptor < 0)
            return;
        try
        {
            if (Libc.fsync(descriptor) < 0 && (Errno)Marshal.GetLastPInvokeError() != Errno.EINVAL)
                throw new IOException($"{folder}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }
        finally
        {
            _ = Libc.close(descriptor);
        }
    }
}
