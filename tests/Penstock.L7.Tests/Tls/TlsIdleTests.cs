// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.Tls;

/// <summary>Connections that wait for a request.</summary>
public sealed class TlsIdleTests : IAsyncLifetime
{
    private readonly TlsEngine _tls = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _tls.DisposeAsync();

    // 3 bytes are part of a record's header, 5 are all of it.
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(40)]
    public void RecordThatIsNeverWhole_OnAnIdleConnection_HasTheTimeOfAHead(int bytes)
    {
        var timeouts = new ListenerTimeouts { Header = TimeSpan.FromSeconds(1), Idle = TimeSpan.FromMinutes(10) };
        _tls.Apply(new ListenerTlsConfig { Certificates = [_tls.Certificate(["shop.example.com"])] }, timeouts);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(_tls.Address);
        using var client = TlsPeer.Connect(socket, _tls.Authority.CaFile);
        var request = "GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n"u8;
        var buffer = new byte[8192];
        client.Write(request);
        client.Read(buffer).ShouldBeGreaterThan(0);

        client.Write(request, first: bytes);

        Should.Throw<EndOfStreamException>(() =>
        {
            while (true)
                client.Read(buffer);
        });
    }
}
