// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Penstock.Linux;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.Daemon.Admin;

/// <summary>Unix sockets of the daemon's own: made so that at no time anyone but owner and group gets in, and never in another daemon's place.</summary>
internal static class ControlSocket
{
    private const UnixFileMode SocketMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
    private const UnixFileMode DirectoryMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
        UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>
    /// Connections that wait to be accepted, here and at /metrics. 511 as nginx: where a Unix socket's queue is full, a connect(2) that may not
    /// block fails at once (EAGAIN), so a burst of clients must fit.
    /// </summary>
    internal const int Backlog = 511;

    /// <summary>How long another daemon's start at the same place is waited for; it takes milliseconds.</summary>
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(5);

    /// <summary>Creates the socket and listens on it; a socket left by a dead daemon is replaced.</summary>
    /// <param name="path">Its path; missing directories are created with mode 0755.</param>
    /// <exception cref="IOException">A daemon answers there, something that is no socket is there, or it can't be created.</exception>
    public static Socket Listen(string path)
    {
        if (Encoding.UTF8.GetByteCount(path) > SocketAddress.MaxUnixPath) throw Failure(path, $"the path is longer than {SocketAddress.MaxUnixPath} bytes");
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
            Directory.CreateDirectory(folder, DirectoryMode);

            // Two daemons that start at the same moment must not both find the socket stale: the second would take the place of the first.
            using var turn = Lock(folder);
            SocketFile.RemoveStale(path);
            socket.Bind(new UnixDomainSocketEndPoint(path));

            // Nobody can connect between these two: a socket that does not listen yet refuses.
            File.SetUnixFileMode(path, SocketMode);
            socket.Listen(Backlog);
            return socket;
        }
        catch (Exception exception)
        {
            socket.Dispose();
            if (exception is SocketException or IOException or UnauthorizedAccessException) throw Failure(path, exception.Message);
            throw;
        }
    }

    private static FolderLock Lock(string folder)
    {
        var waiting = Stopwatch.StartNew();
        while (waiting.Elapsed < LockPatience)
        {
            if (FolderLock.TryTake(folder) is { } turn)
                return turn;
            Thread.Sleep(5);
        }

        throw new IOException($"another process holds the lock of {folder}");
    }

    private static IOException Failure(string path, string reason) => new($"socket {path}: {reason}");
}
