// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Penstock.Daemon.Tests;

/// <summary>A host that is taken out, and back in.</summary>
public sealed class DrainTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public DrainTests() => _sandbox.Write($$$"""
        node: test
        state: {{{_sandbox.Directory}}}/lib
        metrics: {bind: "unix:{{{_sandbox.Directory}}}/metrics.sock"}
        l7:
          reactors: 1
          listeners: [{name: web, bind: "127.0.0.1:0", routes: main}]
          routes: {main: [{respond: {status: 200, body: hello}}]}

        """);

    private string Record => Path.Combine(_sandbox.Directory, "lib", "node-drain");

    [Fact]
    public async Task Drain_EndsConnectionsWithTheirNextRequest_AndWaitsForThem()
    {
        await _sandbox.StartAsync();
        using var client = await ConnectAsync();
        (await AskAsync(client)).ShouldNotContain("Connection: close");
        (await ClientAsync("drain", "--node", "--no-wait", "-o", "json")).Output.ShouldContain("\"connections\": 1");

        var waiting = ClientAsync("drain", "--node", "--timeout", "20s");
        (await AskAsync(client)).ShouldContain("Connection: close");
        client.Dispose();
        var (code, output, error) = await waiting;

        code.ShouldBe(0, error);
        output.ShouldMatch("^test drains since 20[-0-9]* [:0-9]*Z by [^ ]+\n");
        output.ShouldEndWith("nothing is left\n");
        using var late = await ConnectAsync();
        (await AskAsync(late)).ShouldContain("hello", customMessage: "whoever comes all the same is served");
        var status = (await ClientAsync("status")).Output;
        status.ShouldContain("drains since 20");
        status.ShouldContain("warning: this host drains since 20");
        (await MetricAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task Drain_ThatIsNotDoneInTime_SaysWhatIsLeft_AndGoesOn()
    {
        await _sandbox.StartAsync();
        using var client = await ConnectAsync();
        await AskAsync(client);

        var (code, output, error) = await ClientAsync("drain", "--node", "--timeout", "10ms");

        (code, error).ShouldBe((4, "penstock: test goes on to drain, not all has gone: 1 HTTP connection left\n"));
        output.ShouldContain("1 HTTP connection left\n");
        (await NodeAsync()).GetProperty("state").GetString().ShouldBe("drain");
    }

    [Fact]
    public async Task Drain_OutlivesReloadAndRestart_UntilItIsReady()
    {
        var daemon = await _sandbox.StartAsync();
        (await ClientAsync("drain", "--node")).ExitCode.ShouldBe(0);
        (await ClientAsync("reload")).ExitCode.ShouldBe(0);
        var since = (await NodeAsync()).GetProperty("since").GetDateTimeOffset();
        await daemon.SignalAsync("KILL");
        await daemon.WaitForExitAsync();

        daemon = await _sandbox.StartAsync();
        daemon.Log.ShouldContain("this host drains since 20");
        var node = await NodeAsync();
        (node.GetProperty("state").GetString(), node.GetProperty("since").GetDateTimeOffset()).ShouldBe(("drain", since));
        using (var client = await ConnectAsync())
            (await AskAsync(client)).ShouldContain("Connection: close");

        var (code, output, error) = await ClientAsync("ready", "--node");
        code.ShouldBe(0, error);
        output.ShouldBe("OK: test is ready\n");
        using (var client = await ConnectAsync())
            (await AskAsync(client)).ShouldNotContain("Connection: close");
        File.Exists(Record).ShouldBeFalse();
        (await ClientAsync("status")).Output.ShouldNotContain("drains");
        (await MetricAsync()).ShouldBe(0);
        (await ClientAsync("ready", "--node")).ExitCode.ShouldBe(0, "once more is no error");
    }

    [Fact]
    public async Task Drain_ThatADaemonWasKilledIn_IsGoneOnWith()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Record)!);
        await File.WriteAllTextAsync(Record, "2026-11-22T10:00:00.0000000+00:00\n"); // nothing is said of a hand-over that was done

        await _sandbox.StartAsync();

        (await ClientAsync("drain", "--node", "--timeout", "20s")).ExitCode.ShouldBe(0);
        for (var i = 0; i < 2000 && (await File.ReadAllLinesAsync(Record)).Length < 2; i++)
            await Task.Delay(10);
        (await File.ReadAllLinesAsync(Record)).ShouldBe(["2026-11-22T10:00:00.0000000+00:00", "handed over"]);
    }

    [Fact]
    public async Task Drain_SaysByWhomAndWhy_AndSoDoesTheNextDaemon()
    {
        var daemon = await _sandbox.StartAsync();
        (await ClientAsync("drain", "--node", "--why", "a new kernel é")).ExitCode.ShouldBe(0);
        var told = $"by {Environment.UserName} (a new kernel é)";
        (await ClientAsync("drain", "--node", "--why", "another")).Output.ShouldContain(told, customMessage: "it drains already");
        await daemon.SignalAsync("KILL");
        await daemon.WaitForExitAsync();

        daemon = await _sandbox.StartAsync();

        daemon.Log.ShouldContain(told);
        var status = (await ClientAsync("status")).Output;
        status.ShouldMatch($"(?m)^drains since 20.* {Regex.Escape(told)}: nothing is left$");
        status.ShouldMatch($"(?m)^warning: this host drains since 20.* {Regex.Escape(told)}, whatever the configuration says");
        var node = await NodeAsync();
        (node.GetProperty("by").GetString(), node.GetProperty("why").GetString()).ShouldBe((Environment.UserName, "a new kernel é"));
    }

    [Fact]
    public async Task Drain_OfARecordThatIsDamaged_IsSaidToBeSo_AndEndsAsAnyOther()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Record)!);
        await File.WriteAllBytesAsync(Record, [0, 0, 7]);

        var daemon = await _sandbox.StartAsync();

        daemon.Log.ShouldContain("lib/node-drain is damaged, it does not say since when this host drains");
        (await ClientAsync("ready", "--node")).ExitCode.ShouldBe(0);
        (await NodeAsync()).GetProperty("state").GetString().ShouldBe("ready");
    }

    [Fact]
    public async Task Drain_ThatCannotBeRecorded_ChangesNothing()
    {
        await _sandbox.StartAsync();
        Directory.CreateDirectory(Record + ".new"); // in the place of the file

        var (code, output, error) = await ClientAsync("drain", "--node");

        (code, output).ShouldBe((1, ""));
        error.ShouldContain("nothing has changed: ");
        error.ShouldContain("node-drain can't be written");
        (await NodeAsync()).GetProperty("state").GetString().ShouldBe("ready");
    }

    public void Dispose() => _sandbox.Dispose();

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

    private async Task<int> MetricAsync()
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint($"{_sandbox.Directory}/metrics.sock"), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        const string Name = "penstock_node_draining ";
        var line = (await http.GetStringAsync(new Uri("http://penstock/metrics"))).Split('\n').Single(line => line.StartsWith(Name, StringComparison.Ordinal));
        return int.Parse(line[Name.Length..], System.Globalization.CultureInfo.InvariantCulture);
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
}
