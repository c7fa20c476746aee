// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L7.Admission;
using Penstock.L7.Http1;
using Penstock.L7.Runtime;
using Penstock.Linux;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L7.ProxyProtocol;

/// <summary>
/// An accepted connection until its PROXY header is there: the header is taken off, and the connection is served as that of the client it names. Until then it counts
/// for the listener and for no client.
/// </summary>
internal sealed class ProxyHeaderWait : PeekedConnection
{
    private readonly SocketAddress _peer;
    private ProxyHeader _header;
    private ProxyHeaderRejection _rejection;
    private ClientIdentity _values = new();
    private int _leftOut;

    internal ProxyHeaderWait(Worker worker, ListenerSlot slot, in SocketAddress peer)
        : base(worker, slot) => _peer = peer;

    /// <summary>Waits for the header, where the listener has room for another connection.</summary>
    internal void Begin(int fd, TimeSpan timeout)
    {
        if (Slot.Limiter.Enter(default) != AdmissionVerdict.Admitted)
            SocketCalls.Close(fd);
        else
            Begin(fd, (long)timeout.TotalMilliseconds);
    }

    /// <inheritdoc/>
    protected override ParseStatus Examine(Span<byte> bytes)
    {
        var status = ProxyHeaderParser.Parse(bytes, out _header, out _rejection);
        if (status == ParseStatus.Done)
            _values = ProxyValues.Read(bytes, _header, out _leftOut);
        return status;
    }

    /// <inheritdoc/>
    protected override void OnOutcome(int fd, PeekOutcome outcome)
    {
        Slot.Limiter.Leave(default, AdmissionVerdict.Admitted);
        if (outcome == PeekOutcome.Done && SocketCalls.Receive(fd, Worker.Peeked.AsSpan(0, _header.Length)).Value == _header.Length)
        {
            Serve(fd);
            return;
        }

        SocketCalls.Close(fd);
        if (outcome != PeekOutcome.Cut)
            Worker.OnRejectedHeader(Slot, ClientAddress.FromBytes(_peer.Address), ReasonOf(outcome), Seen);
    }

    private void Serve(int fd)
    {
        if (_header.Source.IsNone)
        {
            Worker.Serve(Worker.ListenerOf(Slot), fd, _peer, announced: null);
            return;
        }

        if (_leftOut > 0)
            Slot.CountersOf(Worker.Index).OnValuesLeftOut(_leftOut);
        var client = _values with
        {
            Source = _header.Source,
            SourcePort = _header.SourcePort,
            Destination = _header.Destination,
            DestinationPort = _header.DestinationPort,
        };
        Span<byte> address = stackalloc byte[16];
        Worker.Serve(Worker.ListenerOf(Slot), fd, SocketAddress.Ip(new IPAddress(address[..client.Source.WriteBytes(address)]), client.SourcePort), client);
    }

    private ProxyHeaderRejection ReasonOf(PeekOutcome outcome) => outcome switch
    {
        PeekOutcome.Rejected => _rejection,
        PeekOutcome.TimedOut => ProxyHeaderRejection.Timeout,
        _ => Seen == 0 ? ProxyHeaderRejection.ClosedUnsent : ProxyHeaderRejection.Incomplete,
    };
}
