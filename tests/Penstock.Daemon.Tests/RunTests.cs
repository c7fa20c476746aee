// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Penstock.Daemon.Tests;

public sealed class RunTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    [Fact]
    public async Task Status_OfARunningDaemon_TellsWhoItIs()
    {
        var daemon = await _sandbox.StartAsync();
        var (code, output, error) = await ClientAsync("status", "-o", "json");
        code.ShouldBe(0, error);
        var status = JsonDocument.Parse(output).RootElement;
        status.GetProperty("node").GetString().ShouldBe("test");
        status.GetProperty("pid").GetInt32().ShouldBe(daemon.Pid);
        status.GetProperty("state").GetString().ShouldBe("running");
        status.GetProperty("generation").GetInt64().ShouldBe(1);
        status.GetProperty("config_path").GetString().ShouldBe(_sandbox.ConfigPath);
        status.GetProperty("last_reload").GetProperty("ok").GetBoolean().ShouldBeTrue();

        (code, output, _) = await ClientAsync("status");
        code.ShouldBe(0);
        output.ShouldContain("on test: running for");
        output.ShouldContain("LISTENER");
    }

    [Fact]
    public async Task AdminSocket_IsForOwnerAndGroupOnly()
    {
        await _sandbox.StartAsync();
        File.GetUnixFileMode(_sandbox.SocketPath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
    }

    [Fact]
    public async Task Reload_GoodThenBad_AppliesAndRefuses()
    {
        await _sandbox.StartAsync();
        _sandbox.Write("node: second\n");
        var (code, output, error) = await ClientAsync("reload");
        code.ShouldBe(0, error);
        output.ShouldStartWith("OK: generation 2 runs");

        _sandbox.Write("node: third\nnonsense: 1\n");
        (code, output, error) = await ClientAsync("reload");
        code.ShouldBe(1);
        output.ShouldBeEmpty();
        error.ShouldContain("penstock.yaml:2:");
        error.ShouldEndWith("penstock: reload refused, generation 2 runs on\n");

        var status = JsonDocument.Parse((await ClientAsync("status", "-o", "json")).Output).RootElement;
        status.GetProperty("node").GetString().ShouldBe("second");
        status.GetProperty("last_reload").GetProperty("ok").GetBoolean().ShouldBeFalse();
        status.GetProperty("warnings").GetArrayLength().ShouldBePositive();
    }

    [Fact]
    public async Task Reload_AsJson_CarriesTheDiagnostics()
    {
        await _sandbox.StartAsync();
        _sandbox.Write("nonsense: 1\n");
        var (code, output, _) = await ClientAsync("reload", "-o", "json");
        code.ShouldBe(1);
        var report = JsonDocument.Parse(output).RootElement;
        report.GetProperty("ok").GetBoolean().ShouldBeFalse();
        report.GetProperty("diagnostics").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Sighup_ReloadsAndABadFileChangesNothing()
    {
        var daemon = await _sandbox.StartAsync();
        _sandbox.Write("node: second\n");
        await daemon.SignalAsync("HUP");
        await daemon.WaitForLogAsync("SIGHUP: generation 2 applied");
        _sandbox.Write("nonsense: 1\n");
        await daemon.SignalAsync("HUP");
        await daemon.WaitForLogAsync("SIGHUP: configuration refused with 1 errors, generation 2 runs on");
    }

    [Fact]
    public async Task Watch_ChangedFile_IsAppliedAndABadOneLoggedOnce()
    {
        _sandbox.Write("node: test\nwatch: true\n");
        var daemon = await _sandbox.StartAsync();

        _sandbox.Write("node: second\nwatch: true\n");
        await daemon.WaitForLogAsync("changed files: generation 2 applied");

        _sandbox.Write("nonsense: 1\n");
        await daemon.WaitForLogAsync("changed files: configuration refused");
        _sandbox.Write("node: third\n");
        await daemon.WaitForLogAsync("changed files: generation 3 applied");
        daemon.Count("changed files: configuration refused").ShouldBe(1);
    }

    [Fact]
    public async Task Sigterm_EndsWithCode0AndTakesTheSocketAway()
    {
        var daemon = await _sandbox.StartAsync();
        await daemon.SignalAsync("TERM");
        (await daemon.WaitForExitAsync()).ShouldBe(0, daemon.Log);
        File.Exists(_sandbox.SocketPath).ShouldBeFalse();
        daemon.Log.ShouldContain("stopped:");
    }

    [Fact]
    public async Task SecondDaemon_OnTheSameSocket_IsRefusedAndTheFirstLives()
    {
        await _sandbox.StartAsync();
        var second = _sandbox.Launch();
        (await second.WaitForExitAsync()).ShouldBe(1);
        second.Log.ShouldBe($"penstock: admin socket {_sandbox.SocketPath}: another process is running and answers there");
        (await ClientAsync("status")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Kill_LeavesASocketThatTheNextStartReplaces()
    {
        var daemon = await _sandbox.StartAsync();
        await daemon.SignalAsync("KILL");
        await daemon.WaitForExitAsync();
        File.Exists(_sandbox.SocketPath).ShouldBeTrue();

        await _sandbox.StartAsync();
        (await ClientAsync("status")).ExitCode.ShouldBe(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AdminSocket_SomethingElseIsThere_IsLeftAloneAndTheStartRefused(bool dangling)
    {
        if (dangling) File.CreateSymbolicLink(_sandbox.SocketPath, "/nonexistent");
        else await File.WriteAllTextAsync(_sandbox.SocketPath, "precious");
        var daemon = _sandbox.Launch();
        (await daemon.WaitForExitAsync()).ShouldBe(1);
        daemon.Log.ShouldContain("something that is not a socket is there");
        if (!dangling) (await File.ReadAllTextAsync(_sandbox.SocketPath)).ShouldBe("precious");
    }

    [Fact]
    public async Task Start_BadConfiguration_GivesOneLineAnErrorAndCode1()
    {
        _sandbox.Write("nonsense: 1\n");
        var daemon = _sandbox.Launch();
        (await daemon.WaitForExitAsync()).ShouldBe(1);
        daemon.Log.ShouldStartWith("penstock: " + _sandbox.ConfigPath + ":1:");
        daemon.Log.ShouldNotContain('\n');
    }

    [Fact]
    public async Task Start_RaisesTheLimitOfOpenFilesToTheHardOne()
    {
        var daemon = await _sandbox.StartAsync();
        var limit = (await File.ReadAllLinesAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{daemon.Pid}/limits")))
            .Single(line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        limit[3].ShouldBe(limit[4]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Systemd_IsToldOfEveryStateAndOfLife(bool isAbstract)
    {
        var path = isAbstract ? "@penstock-" + Guid.NewGuid().ToString("N") : Path.Combine(_sandbox.Directory, "notify");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = (int)Sandbox.Patience.TotalMilliseconds };
        socket.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + path[1..] : path));
        var daemon = await _sandbox.StartAsync(("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "200000"));
        Expect(socket, "READY=1\nSTATUS=generation 1, 0 services, 0 listeners, 0 clusters");
        Expect(socket, "WATCHDOG=1");
        Expect(socket, "WATCHDOG=1");

        var before = Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000);
        await daemon.SignalAsync("HUP");
        var reloading = Expect(socket, "RELOADING=1\nMONOTONIC_USEC=");
        long.Parse(reloading.Split('=')[^1], CultureInfo.InvariantCulture).ShouldBeInRange(before, Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000));
        Expect(socket, "READY=1\nSTATUS=generation 2");

        await daemon.SignalAsync("TERM");
        Expect(socket, "STOPPING=1\nEXTEND_TIMEOUT_USEC=40000000\nSTATUS=draining");
        (await daemon.WaitForExitAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Log_UnderTheJournal_CarriesSeverities()
    {
        var daemon = _sandbox.Launch(("JOURNAL_STREAM", "8:1"));
        await daemon.WaitForLogAsync("<6>ApplianceHost: ready:");
    }

    [Fact]
    public async Task Log_DiskIsFull_TheDaemonRunsOn()
    {
        var daemon = _sandbox.LaunchBy(Sandbox.Itself + " 2>/dev/full");
        var running = Stopwatch.StartNew();
        while ((await ClientAsync("status")).ExitCode != 0) running.Elapsed.ShouldBeLessThan(Sandbox.Patience);
        (await ClientAsync("reload")).ExitCode.ShouldBe(0);
        await daemon.SignalAsync("TERM");
        (await daemon.WaitForExitAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Log_PipeThatNobodyReads_HoldsUpNeitherReloadNorTheEnd()
    {
        var pipe = Path.Combine(_sandbox.Directory, "log");
        using (var mkfifo = Process.Start("mkfifo", pipe)) await mkfifo.WaitForExitAsync();
        await using var reader = new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite); // open for writing, too, so that neither side waits for the other
        var daemon = _sandbox.LaunchBy($"{Sandbox.Itself} 2>'{pipe}'");
        var running = Stopwatch.StartNew();
        while ((await ClientAsync("status")).ExitCode != 0) running.Elapsed.ShouldBeLessThan(Sandbox.Patience);

        // A thousand errors a reload, far more than a pipe holds.
        _sandbox.Write(string.Concat(Enumerable.Range(0, 1000).Select(i => $"nonsense{i}: {new string('x', 60)}\n")));
        for (var i = 0; i < 8; i++) (await ClientAsync("reload")).ExitCode.ShouldBe(1);
        _sandbox.Write("node: second\n");
        var (code, _, error) = await ClientAsync("reload");
        code.ShouldBe(0, error);
        await daemon.SignalAsync("HUP");
        await daemon.SignalAsync("TERM");
        (await daemon.WaitForExitAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Start_WithTooFewOpenFiles_SaysSoInOneLine()
    {
        var daemon = _sandbox.LaunchBy("ulimit -n 100; " + Sandbox.Itself);
        (await daemon.WaitForExitAsync()).ShouldBe(1);
        daemon.Log.ShouldStartWith("penstock: the limit of open files is 100; at least 128 are needed");
        daemon.Log.ShouldNotContain('\n');
    }

    [Fact]
    public async Task SecondDaemon_WithTheSameTcpAddress_IsRefusedThoughItsAdminSocketDiffers()
    {
        using var other = new Sandbox();
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Parse("127.7.7.1"), 0)); // No client has this address, and so none its port.
        var address = probe.LocalEndPoint.ShouldNotBeNull().ToString();
        probe.Dispose();
        foreach (var sandbox in new[] { _sandbox, other })
            sandbox.Write($"l7:\n  listeners: [{{name: a, bind: \"{address}\", routes: r}}]\n  routes: {{r: [{{respond: {{}}}}]}}\n");
        await _sandbox.StartAsync();

        var second = other.Launch();
        (await second.WaitForExitAsync()).ShouldBe(1);
        second.Log.ShouldContain($"cannot listen at {address}: the address is in use");
        (await ClientAsync("reload")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Daemons_ThatStartAtTheSameMoment_OnePrevails()
    {
        for (var round = 0; round < 3; round++)
        {
            var daemons = Enumerable.Range(0, 3).Select(_ => _sandbox.Launch()).ToArray();
            while (daemons.Sum(daemon => daemon.Count("ready:") + daemon.Count("another process is running")) < 3) await Task.Delay(10);
            var running = daemons.Single(daemon => daemon.Count("ready:") == 1);
            (await ClientAsync("status")).ExitCode.ShouldBe(0);
            await running.SignalAsync("KILL");
            await running.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task Clients_MoreThanDescriptors_LeaveSomeToTheDaemon()
    {
        _sandbox.Write($$$"""
            l7:
              listeners: [{name: a, bind: "unix:{{{_sandbox.Directory}}}/http", routes: r}]
              routes: {r: [{respond: {}}]}
            """);
        var daemon = _sandbox.LaunchBy("ulimit -n 256; " + Sandbox.Itself);
        await daemon.WaitForLogAsync("ready:");
        var clients = new List<Socket>();
        for (var i = 0; i < 400; i++)
        {
            clients.Add(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
            await clients[^1].ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(_sandbox.Directory, "http")));
        }

        // Both load assemblies that were not needed before, for which the runtime needs descriptors.
        (await ClientAsync("status")).ExitCode.ShouldBe(0, daemon.Log);
        (await ClientAsync("reload")).ExitCode.ShouldBe(0, daemon.Log);
        clients.ForEach(client => client.Dispose());
        await daemon.SignalAsync("TERM");
        (await daemon.WaitForExitAsync()).ShouldBe(0, daemon.Log);
    }

    [Fact]
    public async Task Reload_BuffersBeyondMemory_IsRefusedAndTheNextOneIsWhole()
    {
        var daemon = await _sandbox.StartAsync(("DOTNET_GCHeapHardLimit", "0x8000000"));
        var listener = $$$"""listeners: [{name: a, bind: "unix:{{{_sandbox.Directory}}}/http", routes: r}], routes: {r: [{respond: {}}]}""";
        _sandbox.Write($"l7: {{reactors: 1, access_log: {{buffer: 1GiB}}, {listener}}}\n");
        var (code, _, error) = await ClientAsync("reload");
        code.ShouldBe(1);
        error.ShouldContain("error: there is no memory for the access log's buffers: ");

        _sandbox.Write($"l7: {{reactors: 1, {listener}}}\n");
        (await ClientAsync("reload")).ExitCode.ShouldBe(0, daemon.Log);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)Sandbox.Patience.TotalMilliseconds };
        await client.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(_sandbox.Directory, "http")));
        client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8);
        client.Receive(new byte[4096]).ShouldBePositive();
    }

    [Fact]
    public async Task Reload_DuringTheDrain_IsRefusedAndSystemdHearsNothingOfIt()
    {
        var notifyPath = Path.Combine(_sandbox.Directory, "notify");
        using var notify = Bound(SocketType.Dgram, notifyPath);
        using var origin = Bound(SocketType.Stream, Path.Combine(_sandbox.Directory, "origin"));
        origin.Listen();
        _sandbox.Write($$$"""
            l7:
              listeners: [{name: a, bind: "unix:{{{_sandbox.Directory}}}/http", routes: r}]
              routes: {r: [{to: c}]}
              clusters: {c: {endpoints: ["unix:{{{_sandbox.Directory}}}/origin"]}}
            """);
        var daemon = await _sandbox.StartAsync(("NOTIFY_SOCKET", notifyPath));
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(_sandbox.Directory, "http")));
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
        using var upstream = await origin.AcceptAsync();
        await daemon.SignalAsync("TERM");
        Expect(notify, "STOPPING=1");

        var (code, _, error) = await ClientAsync("reload");
        (code, error).ShouldBe((1, "error: the daemon is stopping\npenstock: reload refused, generation 1 runs on\n"));
        await daemon.SignalAsync("TERM");
        (await daemon.WaitForExitAsync()).ShouldBe(0, daemon.Log);
        notify.Available.ShouldBe(0);
    }

    [Fact]
    public async Task Admin_UnknownPathOrMethod_IsRefused()
    {
        await _sandbox.StartAsync();
        (await AskAsync("GET /v1/nothing")).ShouldStartWith("HTTP/1.1 404 ");
        var answer = await AskAsync("GET /v1/reload");
        answer.ShouldStartWith("HTTP/1.1 405 ");
        answer.ShouldContain("Allow: POST\r\n");
        (await AskAsync("GET /v1/config")).ShouldContain("\"shutdown_timeout\": \"30s\"");
        (await AskAsync("GET /v1/snapshot")).ShouldContain("\"generation\": 1");
    }

    public void Dispose() => _sandbox.Dispose();

    private static Socket Bound(SocketType type, string path)
    {
        var socket = new Socket(AddressFamily.Unix, type, ProtocolType.Unspecified) { ReceiveTimeout = (int)Sandbox.Patience.TotalMilliseconds };
        socket.Bind(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    // Skips what else was sent before, such as signs of life.
    private static string Expect(Socket socket, string start)
    {
        var buffer = new byte[4096];
        while (true)
        {
            var message = Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
            if (message.StartsWith(start, StringComparison.Ordinal)) return message;
        }
    }

    private Task<(int ExitCode, string Output, string Error)> ClientAsync(params string[] arguments) =>
        _sandbox.RunAsync([.. arguments, "--socket", _sandbox.SocketPath]);

    private async Task<string> AskAsync(string request)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(_sandbox.SocketPath));
        await socket.SendAsync(Encoding.ASCII.GetBytes($"{request} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        using var timeout = new CancellationTokenSource(Sandbox.Patience);
        using var answer = new MemoryStream();
        await using var stream = new NetworkStream(socket);
        await stream.CopyToAsync(answer, timeout.Token);
        return Encoding.UTF8.GetString(answer.ToArray());
    }
}
