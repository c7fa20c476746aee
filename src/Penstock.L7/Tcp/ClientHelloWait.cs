// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Errors;
using Penstock.L7.Http1;
using Penstock.L7.Runtime;
using Penstock.Linux;
using Penstock.Model.L7;

namespace Penstock.L7.Tcp;

/// <summary>A connection until its ClientHello is there, which decides where it goes; not a byte of it is taken.</summary>
internal sealed class ClientHelloWait : PeekedConnection
{
    private readonly StreamClient _client;
    private ClientHelloRejection _rejection;

    internal ClientHelloWait(Worker worker, StreamClient client)
        : base(worker, client.Listener.Slot) => _client = client;

    /// <summary>Waits.</summary>
    internal void Begin(int fd) => Begin(fd, _client.Listener.HeaderMilliseconds);

    /// <inheritdoc/>
    protected override ParseStatus Examine(Span<byte> bytes)
    {
        var status = ClientHelloParser.Parse(bytes, out var name, out _rejection);
        _client.ServerName = name.ToArray();
        return status;
    }

    /// <inheritdoc/>
    protected override void OnOutcome(int fd, PeekOutcome outcome)
    {
        if (outcome == PeekOutcome.Rejected && _client.Listener.Config.NotTls == NotTls.Default)
            Relay(fd, _client.Listener.Fallback);
        else if (outcome == PeekOutcome.Done)
            Relay(fd, _client.Listener.Match(_client.ServerName, path: default, method: default, out _));
        else
            Refuse(fd, EndOf(outcome));
    }

    private void Relay(int fd, CompiledRoute? route)
    {
        if (route is null)
            Refuse(fd, StreamEnd.By(ProxyError.NoRoute));
        else
            new StreamRelay(Worker, _client, route, fd).Begin();
    }

    private void Refuse(int fd, in StreamEnd end)
    {
        SocketCalls.Close(fd);
        _client.Finish(end);
    }

    private StreamEnd EndOf(PeekOutcome outcome) => outcome switch
    {
        PeekOutcome.Rejected => StreamEnd.By(_rejection),
        PeekOutcome.TimedOut => StreamEnd.By(ProxyError.ClientHelloTimeout),
        PeekOutcome.Cut => StreamEnd.By(ProxyError.ShuttingDown),
        _ => StreamEnd.By(ProxyError.ClientClosed),
    };
}
