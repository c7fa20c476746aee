// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Text;

namespace Penstock.Daemon.Tests.Systemd;

/// <summary>A daemon that can't start, under a service manager that starts the next at once.</summary>
public sealed class RefusedStartTests : IDisposable
{
    private readonly Sandbox _sandbox = new("nonsense: 1\n");

    [Fact]
    public async Task BadConfiguration_IsTold_AndTheProcessStaysUntilItIsStopped()
    {
        var path = Path.Combine(_sandbox.Directory, "notify");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = (int)Sandbox.Patience.TotalMilliseconds };
        socket.Bind(new UnixDomainSocketEndPoint(path));
        var daemon = _sandbox.Launch(("NOTIFY_SOCKET", path));
        var buffer = new byte[4096];

        var message = Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));

        message.ShouldStartWith($"STATUS=the start is refused: {_sandbox.ConfigPath}:1:");
        await daemon.WaitForLogAsync($"penstock: {_sandbox.ConfigPath}:1:");
        await daemon.SignalAsync("TERM");
        (await daemon.WaitForExitAsync()).ShouldBe(1);
    }

    public void Dispose() => _sandbox.Dispose();
}
