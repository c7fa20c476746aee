// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.ProxyProtocol;
using Penstock.L7.Tls;

namespace Penstock.L7.Runtime;

/// <summary>What one reactor counts of one listener; written by it alone, read by any thread.</summary>
internal sealed class ListenerCounters
{
    private long _accepted;
    private long _acceptPauses;
    private long _open;
    private long _requests;
    private long _receivedBytes;
    private long _sentBytes;
    private long[] _rejectedHeaders = [];
    private long _leftOutValues;

    /// <summary>TLS handshakes.</summary>
    internal TlsCounters Tls { get; } = new();

    /// <summary>Connections accepted.</summary>
    internal long Accepted => Volatile.Read(ref _accepted);

    /// <summary>Times accepting paused because the host or the process had no descriptor or memory for a connection.</summary>
    internal long AcceptPauses => Volatile.Read(ref _acceptPauses);

    /// <summary>Connections open.</summary>
    internal long Open => Volatile.Read(ref _open);

    /// <summary>Requests finished.</summary>
    internal long Requests => Volatile.Read(ref _requests);

    /// <summary>Bytes received on connections that are closed.</summary>
    internal long ReceivedBytes => Volatile.Read(ref _receivedBytes);

    /// <summary>Bytes sent on connections that are closed.</summary>
    internal long SentBytes => Volatile.Read(ref _sentBytes);

    /// <summary>Connections closed for their PROXY header, by <see cref="ProxyHeaderRejection"/>; empty while there was none.</summary>
    internal ReadOnlySpan<long> RejectedHeaders => Volatile.Read(ref _rejectedHeaders);

    /// <summary>Values of PROXY headers that were too long to be told or logged.</summary>
    internal long LeftOutValues => Volatile.Read(ref _leftOutValues);

    /// <summary>So many values of a PROXY header were too long.</summary>
    internal void OnValuesLeftOut(int count) => Volatile.Write(ref _leftOutValues, _leftOutValues + count);

    /// <summary>A connection was closed for its PROXY header, after so many bytes.</summary>
    internal void OnRejectedHeader(ProxyHeaderRejection reason, int received)
    {
        if (_rejectedHeaders.Length == 0)
            Volatile.Write(ref _rejectedHeaders, new long[Enum.GetValues<ProxyHeaderRejection>().Length]);
        _rejectedHeaders[(int)reason]++;
        OnAccepted();
        OnClosed(received, sent: 0);
    }

    /// <summary>A connection was accepted.</summary>
    internal void OnAccepted()
    {
        Volatile.Write(ref _accepted, _accepted + 1);
        Volatile.Write(ref _open, _open + 1);
    }

    /// <summary>Accepting pauses.</summary>
    internal void OnAcceptPause() => Volatile.Write(ref _acceptPauses, _acceptPauses + 1);

    /// <summary>A request is finished.</summary>
    internal void OnRequest() => Volatile.Write(ref _requests, _requests + 1);

    /// <summary>A connection is closed.</summary>
    internal void OnClosed(long received, long sent)
    {
        Volatile.Write(ref _open, _open - 1);
        Volatile.Write(ref _receivedBytes, _receivedBytes + received);
        Volatile.Write(ref _sentBytes, _sentBytes + sent);
    }
}
