// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Text;
using Penstock.Linux;

namespace Penstock.Daemon.Admin;

/// <summary>Unix sockets of the daemon's own: made so that at no time anyone but owner and group gets in, and never in another daemon's place.</summary>
internal static class ControlSocket
{
    private const UnixFileMode SocketMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
    private const UnixFileMode DirectoryMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
        UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const int MaxPathBytes = 107; // unix(7): sun_path, less its NUL
    private const int Backlog = 16;

    /// <summary>Creates the socket and listens on it; a socket left by a dead daemon is replaced.</summary>
    /// <param name="path">Its path; missing directories are created with mode 0755.</param>
    /// <exception cref="IOException">A daemon answers there, something that is no socket is there, or it can't be created.</exception>
    public static Socket Listen(string path)
    {
        if (Encoding.UTF8.GetByteCount(path) > MaxPathBytes) throw Failure(path, $"the path is longer than {MaxPathBytes} bytes");
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory) Directory.CreateDirectory(directory, DirectoryMode);
            RemoveStale(path);
            socket.Bind(new UnixDomainSocketEndPoint(path));

            // Nobody can connect between these two: a socket that does not listen yet refuses.
            File.SetUnixFileMode(path, SocketMode);
            socket.Listen(Backlog);
            return socket;
        }
        catch (Exception exception)
        {
            socket.Dispose();
            if (exception is SocketException or UnauthorizedAccessException) throw Failure(path, exception.Message);
            throw;
        }
    }

    private static void RemoveStale(string path)
    {
        if (!FileKind.IsSocket(path))
        {
            if (Path.Exists(path) || new FileInfo(path).LinkTarget is not null) throw Failure(path, "something that is not a socket is there");
            return;
        }

        if (Answers(path)) throw Failure(path, "another daemon is running and answers there");
        File.Delete(path);
    }

    private static bool Answers(string path)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException exception)
        {
            // A full backlog (EAGAIN) is the sign of a busy daemon, not of a dead one.
            return exception.SocketErrorCode != SocketError.ConnectionRefused;
        }
    }

    private static IOException Failure(string path, string reason) => new($"socket {path}: {reason}");
}
