// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text;
using Penstock.Config;
using Penstock.Daemon.Peers;
using Penstock.Model;

namespace Penstock.Daemon.Tests.Peers;

public sealed class ProxyProbeTests
{
    [Theory]
    [InlineData(":443", "10.0.0.2:443")]
    [InlineData("0.0.0.0:443", "10.0.0.2:443")]
    [InlineData("192.0.2.100:443", "")] // not to be reached by the host's own address, so that nothing is known
    [InlineData(":80", "")] // another service's
    public void Targets_AreListenersOfSharedServices_OnEveryAddress(string bind, string expected)
    {
        var config = Config(bind);

        string.Join(' ', ProxyProbe.Targets(config, config.Peers.ShouldNotBeNull().Hosts[0])).ShouldBe(expected);
    }

    [Fact]
    public async Task Answer_IsAConnectionThatIsTaken()
    {
        using var open = Bound();
        open.Listen();
        using var closed = Bound();

        (await ProxyProbe.AnswersAsync([(IPEndPoint)closed.LocalEndPoint!, (IPEndPoint)open.LocalEndPoint!], TimeSpan.FromSeconds(30), CancellationToken.None)).ShouldBeTrue();
        (await ProxyProbe.AnswersAsync([(IPEndPoint)closed.LocalEndPoint!], TimeSpan.FromSeconds(30), CancellationToken.None)).ShouldBeFalse();
        (await ProxyProbe.AnswersAsync([], TimeSpan.FromSeconds(30), CancellationToken.None)).ShouldBeFalse();
    }

    private static Socket Bound()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static ApplianceConfig Config(string bind) => ConfigLoader.Parse([new ConfigFile("a.yaml", Encoding.UTF8.GetBytes($$"""
        node: lb1
        peers: {listen: 10.0.0.1, certificate: /a.crt, key: /a.key, ca: /ca.crt, hosts: [{name: lb2, address: 10.0.0.2}]}
        l4: {interface: eth0, services: [{name: web, listen: "tcp://192.0.2.100:443", forwarding: l7}]}
        l7:
          listeners: [{name: web, bind: "{{bind}}", routes: main}]
          routes: {main: [{respond: {status: 200} }]}
        """))]).Config.ShouldNotBeNull();
}
