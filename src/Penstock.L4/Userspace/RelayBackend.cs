// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model.L4;

namespace Penstock.L4.Userspace;

/// <summary>A backend of a running service: the same object over reloads, so that its counters go on. Any thread counts.</summary>
/// <param name="address">Its address.</param>
/// <param name="port">Its port; null: the one the client asked for.</param>
internal sealed class RelayBackend(IPAddress address, int? port)
{
    private long _connections;
    private long _datagrams;
    private long _bytes;
    private long _returnBytes;
    private long _failedConnects;
    private volatile bool _keepsFlows = true;

    /// <summary>Its address.</summary>
    public IPAddress Address => address;

    /// <summary>Its port; null: the one the client asked for.</summary>
    public int? Port => port;

    /// <summary>Whether its flows stay: ready or in drain.</summary>
    public bool KeepsFlows
    {
        get => _keepsFlows;
        set => _keepsFlows = value;
    }

    /// <summary>New flows.</summary>
    public long Connections => Volatile.Read(ref _connections);

    /// <summary>Datagrams towards it.</summary>
    public long Datagrams => Volatile.Read(ref _datagrams);

    /// <summary>Bytes towards it, without headers.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Bytes from it, without headers.</summary>
    public long ReturnBytes => Volatile.Read(ref _returnBytes);

    /// <summary>Connects that it refused or did not answer, and flows it answered with ICMP unreachable.</summary>
    public long FailedConnects => Volatile.Read(ref _failedConnects);

    /// <summary>Where a flow for a port of the service goes.</summary>
    public IPEndPoint EndpointFor(int servicePort) => new(address, port ?? servicePort);

    /// <summary>Counts a new flow.</summary>
    public void CountFlow() => Interlocked.Increment(ref _connections);

    /// <summary>Counts a failed connect.</summary>
    public void CountFailure() => Interlocked.Increment(ref _failedConnects);

    /// <summary>Counts a datagram towards it.</summary>
    public void CountDatagram(int bytes)
    {
        Interlocked.Increment(ref _datagrams);
        Interlocked.Add(ref _bytes, bytes);
    }

    /// <summary>Counts bytes of a stream towards it.</summary>
    public void CountSent(int bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>Counts bytes from it.</summary>
    public void CountReturned(int bytes) => Interlocked.Add(ref _returnBytes, bytes);

    /// <summary>Whether it is the one that a configuration names.</summary>
    public bool Is(BackendConfig config) => address.Equals(config.Address) && port == config.Port;

    /// <inheritdoc/>
    public override string ToString() => port is { } own ? new IPEndPoint(address, own).ToString() : address.ToString();
}
