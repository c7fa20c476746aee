// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Penstock.Daemon.Tests;

/// <summary>Rights of the threads of a daemon that has those of the unit.</summary>
public sealed class RightsTests : IDisposable
{
    /// <summary>What systemd/penstock.service gives: CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF.</summary>
    private const ulong OfTheUnit = (1UL << 10) | (1UL << 12) | (1UL << 38) | (1UL << 39);

    private const string AsTheUnit = "exec setpriv --bounding-set=-all,+net_bind_service,+net_admin,+perfmon,+bpf \"$0\" \"$@\"";

    private readonly Sandbox _sandbox = new("l7:\n  reactors: 2\n  listeners: [{name: a, bind: \"127.87.0.1:871\", routes: r}]\n  routes: {r: [{respond: {}}]}\n");

    [RootFact]
    public async Task Reactors_HaveNoneInForce_AndAReloadBindsPortsBelow1024()
    {
        var notify = Path.Combine(_sandbox.Directory, "notify");
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(notify));
        using var end = new CancellationTokenSource();
        var told = TakeAsync(manager, end.Token);
        // Reactors answer the watchdog, which starts threads of the pool: those are born without rights.
        var daemon = _sandbox.LaunchBy($"export NOTIFY_SOCKET='{notify}' WATCHDOG_USEC=200000; {AsTheUnit}");
        await daemon.WaitForLogAsync("rights: CAP_NET_BIND_SERVICE, CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN; reactors, which read what clients send, have none in force");

        for (var port = 872; port < 880; port++)
        {
            _sandbox.Write(
                $$$"""
                l4:
                  engine: userspace
                  services: [{name: s, listen: "tcp://127.87.0.1:{{{port + 20}}}", forwarding: nat, backends: [{address: 127.87.0.1, port: {{{port}}} }]}]
                l7:
                  listeners: [{name: a, bind: "127.87.0.1:{{{port}}}", routes: r}]
                  routes: {r: [{respond: {}}]}
                """);
            var (code, _, error) = await _sandbox.RunAsync("reload", "--socket", _sandbox.SocketPath);
            code.ShouldBe(0, error);
            foreach (var at in new[] { port, port + 20 })
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Parse("127.87.0.1"), at);
            }
        }

        var threads = Threads(daemon.Pid);
        threads.Where(thread => thread.Name.Contains("reactor-", StringComparison.Ordinal)).Select(thread => thread.Rights).ShouldAllBe(rights => rights == 0);
        threads.Count(thread => thread.Name.StartsWith("reactor-", StringComparison.Ordinal)).ShouldBe(2);
        threads.Count(thread => thread.Name.StartsWith("l4-reactor-", StringComparison.Ordinal)).ShouldBePositive();
        threads.ShouldContain(thread => thread.Number == daemon.Pid && thread.Rights == OfTheUnit);
        await end.CancelAsync();
        await told;
    }

    public void Dispose() => _sandbox.Dispose();

    private static async Task TakeAsync(Socket manager, CancellationToken end)
    {
        var message = new byte[4096];
        try
        {
            while (true)
                await manager.ReceiveAsync(message, end);
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private static List<(int Number, string Name, ulong Rights)> Threads(int pid)
    {
        var threads = new List<(int, string, ulong)>();
        foreach (var folder in Directory.GetDirectories($"/proc/{pid}/task"))
        {
            try
            {
                var rights = File.ReadLines(folder + "/status").Single(line => line.StartsWith("CapEff:", StringComparison.Ordinal))[7..].Trim();
                threads.Add((int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture), File.ReadAllText(folder + "/comm").Trim(), ulong.Parse(rights, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)));
            }
            catch (IOException)
            {
                // The thread has ended.
            }
        }

        return threads;
    }
}
