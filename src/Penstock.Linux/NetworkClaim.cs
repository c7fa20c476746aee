// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>
/// A name that one process of a network namespace has at a time: that of an abstract socket (unix(7)), which the kernel frees when the process ends, however it does. Any user can take one, so
/// <see cref="Holder"/> says whose process has it.
/// </summary>
public sealed class NetworkClaim : IDisposable
{
    private const int SocketLevel = 1;      // SOL_SOCKET
    private const int PeerCredentials = 17; // SO_PEERCRED, struct ucred: process, user, group
    private const string Listening = "00010000"; // __SO_ACCEPTCON

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly Socket _socket;
    private volatile bool _isLetGo;

    private NetworkClaim(Socket socket)
    {
        _socket = socket;
        _ = AnswerAsync();
    }

    /// <summary>Takes it; null: another process, or this one, has it.</summary>
    /// <param name="name">The name, at most 100 characters of ASCII.</param>
    /// <exception cref="IOException">Sockets of this kind are not to be had.</exception>
    public static NetworkClaim? TryTake(string name)
    {
        var socket = Open();
        try
        {
            socket.Bind(Address(name));
            socket.Listen();
            return new NetworkClaim(socket);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            return error.SocketErrorCode == SocketError.AddressAlreadyInUse ? null : throw new IOException($"name {name}: {error.Message}", error);
        }
    }

    /// <summary>The process that has a name, and its user; null: none, or it does not say (it does not listen).</summary>
    /// <exception cref="IOException">Sockets of this kind are not to be had.</exception>
    public static (int Pid, uint User)? Holder(string name)
    {
        using var socket = Open();
        try
        {
            socket.Blocking = false; // one that lets its callers wait does not say
            socket.Connect(Address(name));
            Span<int> credentials = stackalloc int[3];
            _ = socket.GetRawSocketOption(SocketLevel, PeerCredentials, MemoryMarshal.AsBytes(credentials));
            return (credentials[0], (uint)credentials[1]);
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>Whether a process, of any user, is in the network namespace of this thread, by a name that is taken here and listens.</summary>
    /// <returns>False: it is in another, or is gone; or the name is not taken.</returns>
    public static bool IsSeenBy(int pid, string name) => Inode("thread-self", name) is { } here && string.Equals(Inode($"{pid}", name), here, StringComparison.Ordinal);

    /// <inheritdoc/>
    public void Dispose()
    {
        _isLetGo = true;
        _socket.Dispose();
    }

    private static UnixDomainSocketEndPoint Address(string name) => new("\0" + name);

    // Of the socket that listens: a name may be taken in several namespaces, and sockets of its callers have it too. A line is Num RefCount Protocol Flags Type St Inode Path (proc(5)).
    private static string? Inode(string process, string name)
    {
        try
        {
            foreach (var line in File.ReadLines($"/proc/{process}/net/unix"))
            {
                if (line.TrimEnd('@').EndsWith(" @" + name, StringComparison.Ordinal) && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, Listening, _, _, var inode, ..])
                    return inode;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null; // it is gone
        }

        return null;
    }

    // Whoever asks has its answer by having connected. Those that nobody took would fill the queue, and keep others from asking.
    private async Task AnswerAsync()
    {
        while (!_isLetGo)
        {
            try
            {
                (await _socket.AcceptAsync().ConfigureAwait(false)).Dispose();
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                if (!_isLetGo)
                    await Task.Delay(s_pause).ConfigureAwait(false); // descriptors have run out
            }
        }
    }

    private static Socket Open()
    {
        try
        {
            return new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        }
        catch (SocketException error)
        {
            throw new IOException($"AF_UNIX: {error.Message}", error);
        }
    }
}
