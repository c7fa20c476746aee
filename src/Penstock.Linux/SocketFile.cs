// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux;

/// <summary>The file of a Unix socket, which outlives the process that made it.</summary>
public static class SocketFile
{
    /// <summary>Removes a socket that nobody listens to any more, what a killed process leaves. No other kind of file is removed.</summary>
    /// <param name="path">At most <see cref="SocketAddress.MaxUnixPath"/> bytes.</param>
    /// <exception cref="IOException">Something that is no socket is there, or a socket that somebody listens to; the path is not in the message.</exception>
    /// <exception cref="UnauthorizedAccessException">The socket may not be removed.</exception>
    public static void RemoveStale(string path)
    {
        if (!FileKind.IsSocket(path))
        {
            // connect(2) refuses other files just like a dead socket. A link that leads nowhere is there, too, but does not exist.
            if (Path.Exists(path) || new FileInfo(path).LinkTarget is not null)
                throw new IOException("something that is not a socket is there");
            return;
        }

        switch (Probe(path))
        {
            case Errno.ECONNREFUSED:
                File.Delete(path);
                return;
            case Errno.ENOENT:
                return;
            case Errno.None or Errno.EAGAIN: // EAGAIN: the backlog is full, the sign of a busy process, not of a dead one.
                throw new IOException("another process is running and answers there");
            case var error:
                throw new IOException($"a socket is there that may be in use (connecting to it gives {error})");
        }
    }

    /// <summary>Removes the socket of a listener that ends; one that can't be removed stays, and is stale at the next start.</summary>
    public static void Remove(string path)
    {
        try
        {
            if (FileKind.IsSocket(path))
                File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // RemoveStale looks after it.
        }
    }

    private static Errno Probe(string path)
    {
        var address = SocketAddress.Unix(path);
        var created = SocketCalls.Create(address);
        if (created.IsError)
            return created.Error;
        using var probe = new FileDescriptor(created.Value);
        return SocketCalls.Connect(probe.Number, ref address).Error;
    }
}
