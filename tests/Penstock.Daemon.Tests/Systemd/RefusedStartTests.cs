// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.Daemon.Running;
using Penstock.Tests;

namespace Penstock.Daemon.Tests.Systemd;

/// <summary>A daemon that can't start, under a service manager that starts the next at once.</summary>
public sealed class RefusedStartTests : IDisposable
{
    private readonly Sandbox _sandbox = new("nonsense: 1\n");

    private string Notify => Path.Combine(_sandbox.Directory, "notify");

    /// <summary>The place of a listener's socket, which a folder takes.</summary>
    private string Taken => Path.Combine(_sandbox.Directory, "http");

    private string Listener => $"reactors: 2, listeners: [{{name: a, bind: \"unix:{Taken}\", routes: r}}], routes: {{r: [{{respond: {{}}}}]}}";

    [Fact]
    public async Task BadConfiguration_IsTold_AndTheProcessStaysUntilItIsStopped()
    {
        using var manager = Manager();
        var daemon = _sandbox.Launch(("NOTIFY_SOCKET", Notify));

        Told(manager).ShouldStartWith($"STATUS=the start is refused: {_sandbox.ConfigPath}:1:");
        await daemon.WaitForLogAsync($"penstock: {_sandbox.ConfigPath}:1:");
        await daemon.SignalAsync("TERM");
        (await daemon.WaitForExitAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task WhatItIsRefusedFor_IsTold_NotWhatItIsWarnedOf()
    {
        using var manager = Manager();
        Directory.CreateDirectory(Taken);
        _sandbox.Write($"node: lb1\nl7: {{access_log: {{path: {_sandbox.Directory}/none/access.log}}, {Listener}}}\n");
        var daemon = _sandbox.Launch(("NOTIFY_SOCKET", Notify));

        Told(manager).ShouldStartWith($"STATUS=the start is refused: error: cannot listen at unix:{Taken}");

        await daemon.WaitForLogAsync("penstock: warning: l7.access_log.path: ");
        await daemon.SignalAsync("TERM");
        (await daemon.WaitForExitAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task TooFewOpenFiles_AreTold_AndTheProcessStaysUntilItIsStopped()
    {
        using var manager = Manager();
        var daemon = _sandbox.LaunchBy($"ulimit -n 127; export NOTIFY_SOCKET='{Notify}'; {Sandbox.Itself}");

        Told(manager).ShouldStartWith("STATUS=the start is refused: the limit of open files is 127; ");
        await daemon.WaitForLogAsync("penstock: the limit of open files is 127; ");
        await daemon.SignalAsync("TERM");
        (await daemon.WaitForExitAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task Defect_IsTold_AndTheProcessStaysAsLong()
    {
        using var manager = Manager();
        _sandbox.Write("node: lb1\n");
        var time = new ManualTimeProvider();
        using var loggers = new FailingLoggers();
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", Notify); // which is taken away at once
        var run = new ApplianceHost(new ConfigSource(_sandbox.ConfigPath, starts: true), _sandbox.SocketPath, loggers, time).RunAsync(TextWriter.Null);

        Told(manager).ShouldBe("STATUS=the start is refused: no log of this");
        run.IsCompleted.ShouldBeFalse();

        using var patience = new CancellationTokenSource(Sandbox.Patience);
        while (!run.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10, patience.Token);
        }

        (await Should.ThrowAsync<InvalidOperationException>(run)).Message.ShouldBe("no log of this");
    }

    [Fact]
    public async Task WhereOneTierListenedWhenAnotherRefused_ClientsAreRefused_ThoughTheSocketsAreKept()
    {
        using var manager = Manager(); // reads nothing: what it is given to keep stays open
        Directory.CreateDirectory(Taken);
        var at = new IPEndPoint(IPAddress.Parse("127.7.8.1"), FreePort.Next());
        _sandbox.Write($"node: lb1\nl4: {{engine: userspace, pins: {_sandbox.Directory}/pins, services: [{{name: relay, listen: \"tcp://{at}\", forwarding: nat, backends: [{{address: 127.0.0.1, port: 7001}}]}}]}}\nl7: {{{Listener}}}\n");

        var daemon = _sandbox.Launch(("NOTIFY_SOCKET", Notify));
        await daemon.WaitForLogAsync("penstock: error: cannot listen at unix:");

        manager.Available.ShouldBeGreaterThan(0, "it has been given sockets to keep");
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Should.Throw<SocketException>(() => client.Connect(at)).SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
        await daemon.SignalAsync("TERM");
        (await daemon.WaitForExitAsync()).ShouldBe(1);
    }

    public void Dispose() => _sandbox.Dispose();

    private static string Told(Socket manager)
    {
        var buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, manager.Receive(buffer));
    }

    private Socket Manager()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = (int)Sandbox.Patience.TotalMilliseconds };
        socket.Bind(new UnixDomainSocketEndPoint(Notify));
        return socket;
    }

    /// <summary>A defect in the middle of a start.</summary>
    private sealed class FailingLoggers : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) =>
            categoryName.EndsWith(".MetricsCollector", StringComparison.Ordinal) ? throw new InvalidOperationException("no log of this") : NullLogger.Instance;

        public void AddProvider(ILoggerProvider provider)
        {
            // There is none.
        }

        public void Dispose()
        {
            // There is nothing to end.
        }
    }
}
