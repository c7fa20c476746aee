// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux;

/// <summary>
/// Listening sockets that outlive the process. A service manager keeps a descriptor of each, and gives it to the next process: who connects meanwhile waits in the kernel's queue
/// instead of being refused. Used by any thread.
/// </summary>
/// <param name="inherited">Those of the process before; the store owns them until they are taken.</param>
/// <param name="keep">Gives descriptors to the service manager; null: there is none.</param>
public sealed class ListenerStore(IEnumerable<FileDescriptor> inherited, Action<IReadOnlyList<FileDescriptor>>? keep) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<FileDescriptor> _inherited = [.. inherited];

    /// <summary>Whether somebody keeps sockets.</summary>
    public bool Keeps => keep is not null;

    /// <summary>How many sockets of the process before have not been taken.</summary>
    public int Left
    {
        get
        {
            lock (_gate)
                return _inherited.Count;
        }
    }

    /// <summary>A store without anybody who keeps sockets.</summary>
    public static ListenerStore None() => new([], keep: null);

    /// <summary>The sockets of the process before that are bound to just this address; theirs who asks from now on.</summary>
    public IReadOnlyList<FileDescriptor> Take(SocketAddress address)
    {
        lock (_gate)
        {
            var taken = _inherited.FindAll(socket => AreEqual(SocketCalls.LocalAddress(socket.Number), address));
            _inherited.RemoveAll(taken.Contains);
            return taken;
        }
    }

    /// <summary>Takes back what <see cref="Take"/> has given to somebody who can't use it now: it is there for the next who asks.</summary>
    public void Return(IEnumerable<FileDescriptor> sockets)
    {
        lock (_gate)
            _inherited.AddRange(sockets.Where(socket => !socket.IsClosed));
    }

    /// <summary>Closes what is left, but for what is bound to one of these addresses: clients are refused there, and the service manager lets go of it.</summary>
    /// <returns>How many were closed.</returns>
    public int CloseAllBut(IEnumerable<SocketAddress> wanted)
    {
        var addresses = wanted.ToArray();
        lock (_gate)
        {
            var unwanted = _inherited.FindAll(socket => !Array.Exists(addresses, address => AreEqual(SocketCalls.LocalAddress(socket.Number), address)));
            _inherited.RemoveAll(unwanted.Contains);
            unwanted.ForEach(Close);
            return unwanted.Count;
        }
    }

    /// <summary>Ends a socket that nobody shall listen to: of a Unix socket, the file goes, too.</summary>
    public static void Close(FileDescriptor socket)
    {
        if (socket.IsClosed)
            return;
        // In this order: once the socket refuses, its file counts as stale and may be another listener's at any moment.
        if (SocketCalls.LocalAddress(socket.Number).UnixPath is { } path)
            SocketFile.Remove(path);
        SocketCalls.StopListening(socket.Number);
        socket.Dispose();
    }

    /// <summary>Has sockets kept over the end of this process. The service manager lets go of each once it listens no more (<see cref="SocketCalls.StopListening"/>).</summary>
    public void Keep(IReadOnlyList<FileDescriptor> sockets)
    {
        if (sockets.Count > 0)
            keep?.Invoke(sockets);
    }

    /// <summary>Closes this process's descriptors of what is left.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _inherited.ForEach(socket => socket.Dispose());
            _inherited.Clear();
        }
    }

    private static bool AreEqual(SocketAddress one, SocketAddress other) => one.Bytes.SequenceEqual(other.Bytes);
}
