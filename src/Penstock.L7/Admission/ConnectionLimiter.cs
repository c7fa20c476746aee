// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L7;

namespace Penstock.L7.Admission;

/// <summary>
/// Bounds the open connections of one listener, over all reactors, and of each of its clients: an IPv4 address, or an IPv6 /64. Any
/// thread may use it. It lives as long as the listener's sockets; a reload changes its limits and cuts no connection.
/// </summary>
internal sealed class ConnectionLimiter
{
    private readonly ClientCounts _clients = new();
    private int _open;
    private long _refusedByListener;
    private long _refusedByClient;
    private volatile ListenerLimits _limits;

    /// <summary>A limiter with nothing open.</summary>
    public ConnectionLimiter(ListenerLimits limits) => _limits = limits;

    /// <summary>Limits that new connections are held to. A client limit set anew counts only connections that come after it.</summary>
    public ListenerLimits Limits
    {
        get => _limits;
        set => _limits = value;
    }

    /// <summary>Connections open.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Connections refused because the listener was full, since start.</summary>
    public long RefusedByListener => Interlocked.Read(ref _refusedByListener);

    /// <summary>Connections refused because their client held as many as it may, since start.</summary>
    public long RefusedByClient => Interlocked.Read(ref _refusedByClient);

    /// <summary>Clients with a connection open that counts for them.</summary>
    public int Clients => _clients.CountClients();

    /// <summary>Admits or refuses a connection. Whoever is admitted must <see cref="Leave"/> once, with the same address and the verdict.</summary>
    /// <param name="client">Address of the connection's peer; none, for a Unix socket, has no limit of its own.</param>
    public AdmissionVerdict Enter(ClientAddress client)
    {
        ListenerLimits limits = _limits;
        if (Interlocked.Increment(ref _open) > limits.Connections)
        {
            Interlocked.Decrement(ref _open);
            Interlocked.Increment(ref _refusedByListener);
            return AdmissionVerdict.ListenerFull;
        }

        if (limits.ConnectionsPerClient == 0 || client.IsNone)
        {
            return AdmissionVerdict.Admitted;
        }

        if (_clients.TryAdd(client.Site, limits.ConnectionsPerClient))
        {
            return AdmissionVerdict.AdmittedForClient;
        }

        Interlocked.Decrement(ref _open);
        Interlocked.Increment(ref _refusedByClient);
        return AdmissionVerdict.ClientFull;
    }

    /// <summary>Counts a connection out.</summary>
    /// <param name="client">As given to <see cref="Enter"/>.</param>
    /// <param name="verdict">What that returned.</param>
    public void Leave(ClientAddress client, AdmissionVerdict verdict)
    {
        Interlocked.Decrement(ref _open);
        if (verdict == AdmissionVerdict.AdmittedForClient)
        {
            _clients.Remove(client.Site);
        }
    }
}
