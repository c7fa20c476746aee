// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Penstock.Daemon.Tests;

/// <summary>A host that is taken out, and ends what is left on it.</summary>
public sealed class NodeMaintenanceTests : IDisposable
{
    private readonly Sandbox _sandbox = new();
    private readonly Socket _backend = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly int _port;

    public NodeMaintenanceTests()
    {
        _backend.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _backend.Listen();
        _port = FreePort();
        _sandbox.Write($$$"""
            node: test
            state: {{{_sandbox.Directory}}}/lib
            l4:
              engine: userspace
              services: [{name: relayed, forwarding: nat, listen: "tcp://127.0.0.1:{{{_port}}}", backends: [{address: 127.0.0.1, port: {{{((IPEndPoint)_backend.LocalEndPoint!).Port}}}}]}]
            l7:
              reactors: 1
              listeners: [{name: web, bind: "127.0.0.1:0", routes: main}]
              routes: {main: [{respond: {status: 200, body: hello}}]}

            """);
    }

    private string Record => Path.Combine(_sandbox.Directory, "lib", "node-drain");

    [Fact]
    public async Task Maintenance_EndsAfterItsTimeWhatIsLeft_AndServesWhoeverComesAllTheSame()
    {
        await _sandbox.StartAsync();
        using var client = await ConnectAsync();
        await AskAsync(client);
        using var relayed = await RelayedAsync();

        var (code, output, error) = await ClientAsync("maintenance", "--node", "--timeout", "1s", "--why", "a new kernel");

        code.ShouldBe(0, error);
        output.ShouldMatch("^test is in maintenance since 20[-0-9]* [:0-9]*Z by [^ ]+ \\(a new kernel\\)\n");
        output.ShouldMatch("1 HTTP connection left; 1 relayed connection left; connections are ended at 20[-0-9]* [:0-9]*Z\n");
        output.ShouldEndWith("nothing is left\n");
        (await IsEndedAsync(client)).ShouldBeTrue();
        (await IsEndedAsync(relayed)).ShouldBeTrue();
        using var late = await ConnectAsync();
        (await AskAsync(late)).ShouldContain("Connection: close");
        (await ClientAsync("status")).Output.ShouldMatch("(?m)^is in maintenance since 20.* \\(a new kernel\\): ");
    }

    [Fact]
    public async Task Maintenance_OfAHostThatDrains_EndsWhatTheDrainHasLeft_SinceThatBegan()
    {
        await _sandbox.StartAsync();
        using var client = await ConnectAsync();
        await AskAsync(client);
        (await ClientAsync("drain", "--node", "--timeout", "10ms")).ExitCode.ShouldBe(4);
        var since = (await NodeAsync()).GetProperty("since").GetDateTimeOffset();

        (await ClientAsync("maintenance", "--node", "--timeout", "1s")).ExitCode.ShouldBe(0);

        (await IsEndedAsync(client)).ShouldBeTrue();
        var node = await NodeAsync();
        (node.GetProperty("state").GetString(), node.GetProperty("since").GetDateTimeOffset(), node.GetProperty("ends_at").ValueKind).ShouldBe(("maintenance", since, JsonValueKind.Null));
    }

    [Fact]
    public async Task Maintenance_ThatIsMadeADrain_EndsNothing_AndGoesOnAfterARestartAsItWas()
    {
        var daemon = await _sandbox.StartAsync();
        (await ClientAsync("maintenance", "--node", "--no-wait", "--timeout", "24h", "--why", "disk")).ExitCode.ShouldBe(0);
        await daemon.SignalAsync("KILL");
        await daemon.WaitForExitAsync();
        daemon = await _sandbox.StartAsync();
        daemon.Log.ShouldContain("this host is in maintenance since 20");
        using var client = await ConnectAsync();
        var node = await NodeAsync();
        (node.GetProperty("state").GetString(), node.GetProperty("why").GetString()).ShouldBe(("maintenance", "disk"));
        node.GetProperty("ends_at").GetDateTimeOffset().ShouldBeGreaterThan(node.GetProperty("since").GetDateTimeOffset() + TimeSpan.FromHours(23));

        (await ClientAsync("drain", "--node", "--no-wait")).Output.ShouldStartWith("test drains since 20");

        File.ReadAllText(Record).ShouldNotContain("maintenance");
        (await AskAsync(client)).ShouldContain("hello");
        (await ClientAsync("ready", "--node", "--why", "done")).ExitCode.ShouldBe(0);
        File.Exists(Record).ShouldBeFalse();
        await daemon.WaitForLogAsync($"this host is ready again by {Environment.UserName} (done)");
    }

    [Fact]
    public async Task Maintenance_ThatAnotherEnds_SaysSo()
    {
        await _sandbox.StartAsync();
        using var client = await ConnectAsync();
        await AskAsync(client);
        var waiting = ClientAsync("maintenance", "--node", "--timeout", "1h");
        for (var i = 0; i < 2000 && !File.Exists(Record); i++)
            await Task.Delay(10);

        (await ClientAsync("ready", "--node")).ExitCode.ShouldBe(0);

        var (code, _, error) = await waiting;
        (code, error).ShouldBe((4, "penstock: test is in ready by another's word\n"));
    }

    public void Dispose()
    {
        _backend.Dispose();
        _sandbox.Dispose();
    }

    // Outside those that the kernel gives out: nobody takes it in between.
    private static int FreePort()
    {
        for (var port = 20_000 + Random.Shared.Next(10_000); ; port++)
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // In use.
            }
        }
    }

    private static async Task<string> AskAsync(Socket client)
    {
        using var timeout = new CancellationTokenSource(Sandbox.Patience);
        await client.SendAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: test\r\n\r\n"), timeout.Token);
        var answer = "";
        var buffer = new byte[4096];
        while (!answer.EndsWith("hello", StringComparison.Ordinal))
        {
            var count = await client.ReceiveAsync(buffer, timeout.Token);
            count.ShouldBeGreaterThan(0, answer);
            answer += Encoding.ASCII.GetString(buffer, 0, count);
        }

        return answer;
    }

    private static async Task<bool> IsEndedAsync(Socket client)
    {
        using var timeout = new CancellationTokenSource(Sandbox.Patience);
        try
        {
            return await client.ReceiveAsync(new byte[1], timeout.Token) == 0;
        }
        catch (SocketException)
        {
            return true; // reset
        }
    }

    private Task<(int ExitCode, string Output, string Error)> ClientAsync(params string[] arguments) => Sandbox.CallAsync([.. arguments, "--socket", _sandbox.SocketPath]);

    private async Task<JsonElement> StatusAsync() => JsonDocument.Parse((await ClientAsync("status", "-o", "json")).Output).RootElement;

    private async Task<JsonElement> NodeAsync() => (await StatusAsync()).GetProperty("node_state");

    private async Task<Socket> ConnectAsync()
    {
        var bind = (await StatusAsync()).GetProperty("listeners")[0].GetProperty("bind").GetString().ShouldNotBeNull();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(bind));
        return socket;
    }

    private async Task<Socket> RelayedAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _port);
        using var timeout = new CancellationTokenSource(Sandbox.Patience);
        var behind = await _backend.AcceptAsync(timeout.Token);
        await behind.SendAsync(new byte[1], timeout.Token);
        (await socket.ReceiveAsync(new byte[1], timeout.Token)).ShouldBe(1);
        return socket;
    }
}
