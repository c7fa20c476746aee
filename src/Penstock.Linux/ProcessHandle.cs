// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Penstock.Linux;

/// <summary>A process, child of this one or not, that is meant for as long as this is open: its number can't come to mean another (pidfd_open(2), Linux 5.3).</summary>
public sealed unsafe partial class ProcessHandle : IDisposable
{
    private const string Library = "libc.so.6";
    private const long SendSignalCall = 424, OpenCall = 434; // pidfd_send_signal, pidfd_open: the same numbers on all architectures
    private const short Readable = 1;                        // POLLIN
    private const int AtOnce = 1;                            // WNOHANG

    private readonly FileDescriptor _fd;

    private ProcessHandle(int pid, FileDescriptor fd) => (Pid, _fd) = (pid, fd);

    /// <summary>Its number.</summary>
    public int Pid { get; }

    /// <summary>A descriptor that is readable once the process has ended.</summary>
    public int Descriptor => _fd.Number;

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => WaitForEnd(TimeSpan.Zero);

    /// <summary>Opens it.</summary>
    /// <returns>Null: there is no such process.</returns>
    /// <exception cref="IOException">Descriptors have run out, or the kernel can't do it.</exception>
    public static ProcessHandle? TryOpen(int pid)
    {
        var fd = syscall(OpenCall, pid, 0, 0, 0);
        if (fd >= 0)
            return new ProcessHandle(pid, new FileDescriptor((int)fd));
        var error = (Errno)Marshal.GetLastPInvokeError();
        return error is Errno.ESRCH or Errno.EINVAL ? null : throw new IOException($"pidfd_open {pid}: {error}");
    }

    /// <summary>Sends a signal.</summary>
    /// <returns>False: it has ended, or may not be sent signals.</returns>
    public bool Signal(ProcessSignal signal) => syscall(SendSignalCall, _fd.Number, (int)signal, 0, 0) == 0;

    /// <summary>Waits until it has ended. A child of this process is then gone for good (it is reaped).</summary>
    /// <returns>False: it runs on.</returns>
    public bool WaitForEnd(TimeSpan timeout)
    {
        var poll = new Libc.PollDescriptor { Descriptor = _fd.Number, Events = Readable };
        if (Libc.poll(&poll, 1, (int)timeout.TotalMilliseconds) <= 0)
            return false;
        int status;
        _ = waitpid(Pid, &status, AtOnce); // ECHILD: somebody else's child, or reaped before
        return true;
    }

    /// <summary>Its state as /proc/PID/stat has it: R, S, D, T (stopped by a signal), Z and others; null: it is gone.</summary>
    public char? State() => Stat() is [[var state], ..] ? state : null;

    /// <summary>Number of the process that is its parent; null: it is gone.</summary>
    public int? ParentId() => Stat() is [_, var parent, ..] && int.TryParse(parent, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    /// <summary>Number of the user that it acts as; null: it is gone.</summary>
    public uint? User()
    {
        try
        {
            // Real, effective, saved, of the file system.
            var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{Pid}/status")).FirstOrDefault(one => one.StartsWith("Uid:", StringComparison.Ordinal));
            return line?.Split('\t') is [_, _, var user, ..] && uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && !HasEnded ? number : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Its arguments, the program's name first; none: it is gone.</summary>
    public string[] Arguments()
    {
        try
        {
            var text = Encoding.UTF8.GetString(File.ReadAllBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/{Pid}/cmdline")));
            return HasEnded ? [] : text.TrimEnd('\0').Split('\0');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();

    // The fields of /proc/PID/stat from the third on, which is the state; none: it is gone.
    private string[] Stat()
    {
        try
        {
            // The name before it, in brackets, may hold brackets itself.
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{Pid}/stat"));
            var end = text.LastIndexOf(')');
            return end >= 0 && end + 2 < text.Length && !HasEnded ? text[(end + 2)..].Split(' ') : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial long syscall(long number, long first, long second, long third, long fourth);

    [LibraryImport(Library)]
    private static partial int waitpid(int pid, int* status, int options);
}
