// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Penstock.Daemon.Tests;

/// <summary>What the running daemon answers, logs and warns of.</summary>
public sealed class ProxyTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    [Fact]
    public async Task Redirect_OfARequestWithoutHostOverAUnixSocket_IsAPath()
    {
        Write("", "- {match: {path: /path}, redirect: {path: /other}}", "- redirect: {scheme: https}");
        await _sandbox.StartAsync();

        Ask("GET /redir HTTP/1.0\r\n\r\n").ShouldContain("\r\nLocation: /redir\r\n");
        Ask("GET /redir HTTP/1.0\r\nHost: a\r\n\r\n").ShouldContain("\r\nLocation: https://a/redir\r\n");
        Ask("GET /path HTTP/1.0\r\n\r\n").ShouldContain("\r\nLocation: /other\r\n");
    }

    [Fact]
    public async Task AccessLog_ConnectsThatFail_CountAsAttempts()
    {
        var log = Path.Combine(_sandbox.Directory, "access.log");
        using var origin = ListenAt("up");
        Write($"access_log: {{path: {log}}}", "- to: c");
        await _sandbox.StartAsync();

        // Two of four come first to the endpoint that refuses, and each of those goes to the other next.
        for (var i = 0; i < 4; i++)
        {
            var asking = Task.Run(() => Ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
            using var patience = new CancellationTokenSource(Sandbox.Patience);
            using var upstream = await origin.AcceptAsync(patience.Token);
            upstream.Send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"u8);
            (await asking).ShouldStartWith("HTTP/1.1 204 ");
        }

        string[] lines = [];
        await UntilAsync(() => File.Exists(log) && (lines = File.ReadAllLines(log)).Length == 4);
        lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("attempts").GetInt32()).Order().ShouldBe([1, 1, 2, 2]);
    }

    [Fact]
    public async Task AccessLog_InADirectoryThatIsNotThere_IsAWarningWhileItFails()
    {
        var folder = Path.Combine(_sandbox.Directory, "logs");
        Write($"access_log: {{path: {folder}/access.log}}", "- respond: {}");
        var (code, output, error) = await _sandbox.RunAsync("check", "-c", _sandbox.ConfigPath);
        code.ShouldBe(0);
        output.ShouldStartWith("OK:");
        error.ShouldEndWith($"warning: l7.access_log.path: the directory {folder} does not exist, or may not be looked into: nothing can be logged until that is mended\n");

        await _sandbox.StartAsync();
        Ask("GET / HTTP/1.0\r\n\r\n").ShouldStartWith("HTTP/1.1 200 ");
        var warning = $"warning: the access log can't be written: open {folder}/access.log: No such file or directory";
        await UntilAsync(async () => (await StatusAsync()).Contains(warning, StringComparison.Ordinal));

        Directory.CreateDirectory(folder);
        await UntilAsync(async () => !(await StatusAsync()).Contains("the access log can't be written", StringComparison.Ordinal));
        File.ReadAllLines(Path.Combine(folder, "access.log")).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task AccessLog_PathOfADirectory_IsAWarningOfCheck()
    {
        Write($"access_log: {{path: {_sandbox.Directory}}}", "- respond: {}");
        var (_, _, error) = await _sandbox.RunAsync("check", "-c", _sandbox.ConfigPath);
        error.ShouldEndWith($"warning: l7.access_log.path: {_sandbox.Directory} is a directory: nothing can be logged until that is mended\n");
    }

    [Fact]
    public async Task Clients_IdleBeyondTheirShare_LeaveDescriptorsToEndpoints()
    {
        using var origin = ListenAt("up");
        Write("", "- to: u");
        var daemon = _sandbox.LaunchBy("ulimit -n 256; " + Sandbox.Itself);
        await daemon.WaitForLogAsync("ready:");
        const string Allows = "limit of open files, 256, allows ";
        var announced = daemon.Log.Split('\n').Single(line => line.Contains(Allows, StringComparison.Ordinal));
        var share = int.Parse(announced[(announced.IndexOf(Allows, StringComparison.Ordinal) + Allows.Length)..].Split(' ')[0], CultureInfo.InvariantCulture);
        share.ShouldBeInRange(8, 96);
        var clients = new List<Socket>();
        for (var i = 0; i < 400; i++)
        {
            clients.Add(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)Sandbox.Patience.TotalMilliseconds });
            await clients[^1].ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(_sandbox.Directory, "http")));
        }

        await daemon.WaitForLogAsync($"new clients wait: the {share} connections are open");
        (await StatusAsync()).ShouldContain($"warning: new clients wait: the {share} connections are open");

        // All at once, so that each needs a connection of its own to the endpoint.
        var served = clients[..share];
        served.ForEach(client => client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8));
        using var patience = new CancellationTokenSource(Sandbox.Patience);
        var upstreams = new List<Socket>();
        while (upstreams.Count < share) upstreams.Add(await origin.AcceptAsync(patience.Token));
        upstreams.ForEach(upstream => upstream.Send("HTTP/1.1 204 No Content\r\n\r\n"u8));
        foreach (var client in served)
        {
            var answer = new byte[12];
            client.Receive(answer).ShouldBe(answer.Length);
            Encoding.ASCII.GetString(answer).ShouldBe("HTTP/1.1 204", daemon.Log);
        }

        // Who waited is served when others leave.
        served.ForEach(client => client.Dispose());
        upstreams.ForEach(upstream => upstream.Dispose());
        clients[share].Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8);
        (await origin.AcceptAsync(patience.Token)).Dispose();
        clients.ForEach(client => client.Dispose());
        await daemon.SignalAsync("TERM");
        (await daemon.WaitForExitAsync()).ShouldBe(0, daemon.Log);
    }

    public void Dispose() => _sandbox.Dispose();

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Sandbox.Patience);
        while (!await condition()) await Task.Delay(20, patience.Token);
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private void Write(string log, params string[] routes) => _sandbox.Write($$$"""
        l7:
          reactors: 1
          {{{log}}}
          listeners: [{name: a, bind: "unix:{{{_sandbox.Directory}}}/http", routes: r}]
          routes:
            r:
        {{{string.Join('\n', routes.Select(route => "      " + route))}}}
          clusters:
            c: {endpoints: ["unix:{{{_sandbox.Directory}}}/down", "unix:{{{_sandbox.Directory}}}/up"]}
            u: {endpoints: ["unix:{{{_sandbox.Directory}}}/up"]}
        """);

    private Socket ListenAt(string name)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(_sandbox.Directory, name)));
        socket.Listen();
        return socket;
    }

    private async Task<string> StatusAsync() => (await Sandbox.CallAsync("status", "-s", _sandbox.SocketPath)).Output;

    /// <summary>Sends a request after which the connection is closed, and reads to the end.</summary>
    private string Ask(string request)
    {
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)Sandbox.Patience.TotalMilliseconds };
        client.Connect(new UnixDomainSocketEndPoint(Path.Combine(_sandbox.Directory, "http")));
        client.Send(Encoding.ASCII.GetBytes(request));
        using var stream = new NetworkStream(client);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return reader.ReadToEnd();
    }
}
