// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L4.Userspace;

/// <summary>A UDP listener's socket on one reactor, with the flows of its clients. Level-triggered: what one turn leaves is reported in the next.</summary>
internal sealed class UdpReceiver(RelayWorker worker, RelayListener listener) : EpollSource
{
    /// <summary>Datagrams taken in one turn, so that others get theirs.</summary>
    private const int PerTurn = 64;

    private readonly Dictionary<UdpClient, UdpFlow> _flows = [];

    /// <summary>Where it listens.</summary>
    public RelayListener Listener => listener;

    /// <summary>Whose it is.</summary>
    public RelayWorker Worker => worker;

    /// <summary>Begins to receive.</summary>
    public void Start() => worker.Check(worker.Reactor.Add(this, listener.SocketsOf(worker.Index).Single(), EpollEvents.In), listener);

    /// <summary>Receives no more and forgets its flows: nobody could answer their clients. The socket stays open.</summary>
    public void Stop()
    {
        if (Fd >= 0)
            worker.Reactor.Remove(this);
        foreach (var flow in _flows.Values.ToArray())
            flow.Close();
    }

    /// <inheritdoc/>
    public override void OnEvents(EpollEvents events)
    {
        var peer = default(SocketAddress);
        for (var left = PerTurn; left > 0; left--)
        {
            var received = SocketCalls.ReceiveFrom(Fd, worker.Datagram, ref peer);
            if (received.Error == Errno.EAGAIN)
                return;
            if (!received.IsError)
                FlowOf(peer).Send(worker.Datagram.AsSpan(0, received.Value));
        }
    }

    /// <summary>Answers a client, from the address and port it has sent to.</summary>
    public IoResult Answer(ReadOnlySpan<byte> datagram, ref SocketAddress client) => SocketCalls.SendTo(Fd, datagram, ref client);

    /// <summary>A client's flow; null: it has none.</summary>
    public UdpFlow? Find(IPEndPoint client) => _flows.GetValueOrDefault(UdpClient.Of(SocketAddress.Ip(client.Address, client.Port)));

    /// <summary>Forgets a flow that is closed.</summary>
    public void Remove(in UdpClient client) => _flows.Remove(client);

    private UdpFlow FlowOf(in SocketAddress peer)
    {
        var key = UdpClient.Of(peer);
        if (_flows.TryGetValue(key, out var flow))
            return flow;
        flow = new UdpFlow(this, key, peer);
        _flows.Add(key, flow);
        worker.Add(flow);
        return flow;
    }
}
