// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Penstock.Telemetry.AccessLogging;

/// <summary>
/// A file descriptor the access log writes to without ever waiting for it: files and FIFOs are opened with O_NONBLOCK (open(2)),
/// which File.OpenHandle can't do.
/// </summary>
internal sealed partial class LogDescriptor : IDisposable
{
    /// <summary>The path that means standard output.</summary>
    public const string Stdout = "stdout";

    /// <summary>Would have to wait: errno EAGAIN.</summary>
    public const int WouldBlock = 11;

    private const int Interrupted = 4;
    private const int WriteOnly = 1;
    private const int Create = 0x40;
    private const int NoControllingTerminal = 0x100;
    private const int Append = 0x400;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;
    private const uint Mode = 0b110_100_000;

    private readonly SafeFileHandle _handle;
    private readonly bool _isSocket;

    private LogDescriptor(SafeFileHandle handle, bool isSocket = false)
    {
        _handle = handle;
        _isSocket = isSocket;
    }

    /// <summary>Opens a file for appending (mode 0640 when it is new), a FIFO, or standard output.</summary>
    /// <returns>Null with an errno on failure.</returns>
    public static LogDescriptor? TryOpen(string path, out int errno)
    {
        errno = 0;
        if (!string.Equals(path, Stdout, StringComparison.Ordinal))
            return Open(path, Create | Append, out errno);

        // A pipe gets an open file description of our own, since O_NONBLOCK would hold for everyone who shares it. A socket can't be
        // reopened, and send(2) needs no flag. A file must be written through the description that others advance too.
        var target = File.ResolveLinkTarget("/proc/self/fd/1", returnFinalTarget: false)?.Name ?? "";
        if (target.StartsWith("pipe:[", StringComparison.Ordinal))
            return Open("/proc/self/fd/1", 0, out errno);

        return new LogDescriptor(new SafeFileHandle(1, ownsHandle: false), target.StartsWith("socket:[", StringComparison.Ordinal));
    }

    /// <summary>Writes what fits.</summary>
    /// <returns>Bytes written, at times fewer than given; -1 with an errno on failure, <see cref="WouldBlock"/> among them.</returns>
    public int Write(ReadOnlySpan<byte> bytes, out int errno)
    {
        while (true)
        {
            var written = _isSocket
                ? NativeSend(_handle, bytes, (nuint)bytes.Length, DontWait | NoSignal)
                : NativeWrite(_handle, bytes, (nuint)bytes.Length);
            errno = written < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (errno != Interrupted)
                return (int)written;
        }
    }

    public void Dispose() => _handle.Dispose();

    private static LogDescriptor? Open(string path, int flags, out int errno)
    {
        var handle = NativeOpen(path, flags | WriteOnly | NonBlocking | CloseOnExec | NoControllingTerminal, Mode);
        errno = handle.IsInvalid ? Marshal.GetLastPInvokeError() : 0;
        if (!handle.IsInvalid)
            return new LogDescriptor(handle);

        handle.Dispose();
        return null;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle NativeOpen(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint NativeWrite(SafeFileHandle handle, ReadOnlySpan<byte> bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint NativeSend(SafeFileHandle handle, ReadOnlySpan<byte> bytes, nuint count, int flags);
}
