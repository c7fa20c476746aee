// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Penstock.Peers.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Operations;

/// <summary>L4 services of a daemon without any privilege, in front of real servers.</summary>
public sealed class UserspaceTests
{
    private const int Sigterm = 15;

    [PeerFact("nginx", "curl", "wrk", "setpriv")]
    public async Task Daemon_WithoutPrivileges_RelaysAndReloadsUnderLoadWithoutAFailure()
    {
        using var workplace = new Workplace();
        await using var one = await NginxServer.OriginAsync("location = /who { return 200 one; }", ("large", 50_000_000));
        await using var two = await NginxServer.OriginAsync("location = /who { return 200 two; }", ("large", 50_000_000));
        var port = FreePort.Next();
        var path = Write(workplace, port, $"{Backend(one.Port)}, {Backend(two.Port)}");
        await using var penstock = new ChildProcess("setpriv", "--inh-caps=-all", "--bounding-set=-all", Programs.Penstock, "run", "--config", path);
        await Eventually.TrueAsync(() => penstock.Output.Contains("ready: generation", StringComparison.Ordinal), penstock.Output);
        (await File.ReadAllTextAsync($"/proc/{penstock.Pid}/status")).ShouldMatch("CapEff:\\s0+\n");

        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 30; i++)
            names.Add((await ChildProcess.RunAsync("curl", "-sS", "-m", "60", $"http://127.0.0.1:{port}/who")).Output.Trim());
        names.ShouldBe(["one", "two"], ignoreOrder: true);
        var size = await ChildProcess.RunAsync("curl", "-sS", "-m", "120", "-o", "/dev/null", "-w", "%{size_download}", $"http://127.0.0.1:{port}/large");
        size.Output.Trim().ShouldBe("50000000");

        var load = WrkRun.Start(port, connections: 8, seconds: 4, "/who", close: true);
        for (var i = 0; i < 6; i++)
        {
            Write(workplace, port, i % 2 == 0 ? $"{Backend(one.Port)}, {Backend(two.Port, ", state: drain")}, {Backend(FreePort.Next())}" : $"{Backend(one.Port)}, {Backend(two.Port)}");
            (await ChildProcess.RunAsync(Programs.Penstock, "reload", "--socket", Socket(workplace))).ExitCode.ShouldBe(0);
        }

        var seen = await load;
        seen.Requests.ShouldBeGreaterThan(0);
        seen.Errors.ShouldBe(0);
        var status = await ChildProcess.RunAsync(Programs.Penstock, "status", "--socket", Socket(workplace));
        status.Output.ShouldContain("userspace: relayed by this process");
        status.Output.ShouldNotContain("dropped");
    }

    [Fact]
    public async Task Sigterm_ConnectionOpen_GoesOnUntilItEnds()
    {
        using var workplace = new Workplace();
        using var backend = new TcpListener(IPAddress.Loopback, 0);
        backend.Start();
        var port = FreePort.Next();
        var path = Write(workplace, port, Backend(((IPEndPoint)backend.LocalEndpoint).Port), shutdown: "60s");
        await using var penstock = new ChildProcess(Programs.Penstock, "run", "--config", path);
        await Eventually.TrueAsync(() => penstock.Output.Contains("ready: generation", StringComparison.Ordinal), penstock.Output);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        using var server = await backend.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(30));

        penstock.Signal(Sigterm);
        await Eventually.TrueAsync(() => penstock.Output.Contains("stopping: draining", StringComparison.Ordinal), penstock.Output);
        var status = await ChildProcess.RunAsync(Programs.Penstock, "status", "--socket", Socket(workplace));
        await server.GetStream().WriteAsync("late"u8.ToArray());
        var answer = new byte[4];
        await client.GetStream().ReadExactlyAsync(answer).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        client.Close();
        server.Close();

        (await penstock.WaitAsync(TimeSpan.FromSeconds(50))).ShouldBe(0);
        penstock.Output.ShouldContain("every connection has ended");
        answer.ShouldBe("late"u8.ToArray());
        status.Output.ShouldContain("1 are still open");
    }

    [PeerFact("unshare", "nsenter", "ip", "curl")]
    public async Task Connect_BackendWhosePortTheKernelMayGiveToTheConnectionItself_IsRefused()
    {
        // Two ports to connect from: without another listener, half of the connections to one of them are to themselves.
        using var workplace = new Workplace();
        var path = Write(workplace, port: 8080, Backend(20_000));
        await using var penstock = new ChildProcess(
            "unshare", "--net", "sh", "-c", "ip link set lo up && echo 20000 20001 > /proc/sys/net/ipv4/ip_local_port_range && exec \"$@\"", "sh", Programs.Penstock, "run", "--config", path);
        await Eventually.TrueAsync(() => penstock.Output.Contains("ready: generation", StringComparison.Ordinal), penstock.Output);
        var pid = penstock.Pid.ToString(CultureInfo.InvariantCulture);

        for (var i = 0; i < 12; i++)
        {
            var got = await ChildProcess.RunAsync("nsenter", "--target", pid, "--net", "curl", "-sS", "-m", "60", "http://127.0.0.1:8080/");
            got.ExitCode.ShouldBeOneOf(7, 56); // a reset, before or after it has connected
        }

        var status = await ChildProcess.RunAsync(Programs.Penstock, "status", "-o", "json", "--socket", Socket(workplace));
        status.Output.ShouldMatch("\"unreachable\": ?12\\b");
    }

    [PeerFact("unshare", "nsenter", "ip", "python3")]
    public async Task Connect_NoPortIsLeft_GoesToAnotherBackend_AndIsNamed()
    {
        // Four ports to connect from, for each of two backends.
        using var workplace = new Workplace();
        var path = Write(workplace, port: 8080, "{address: 127.0.0.2, port: 9000}, {address: 127.0.0.3, port: 9000}", more: """
            , {name: dns, listen: "udp://127.0.0.1:8080", forwarding: nat, backends: [{address: 127.0.0.4, port: 9000}]}
            """, l7: "l7: {reactors: 1}");
        await using var penstock = new ChildProcess(
            "unshare", "--net", "sh", "-c", "ip link set lo up && echo 20000 20003 > /proc/sys/net/ipv4/ip_local_port_range && exec \"$@\"", "sh", Programs.Penstock, "run", "--config", path);
        await Eventually.TrueAsync(() => penstock.Output.Contains("ready: generation", StringComparison.Ordinal), penstock.Output);

        var asked = await ChildProcess.RunAsync("nsenter", "--target", penstock.Pid.ToString(CultureInfo.InvariantCulture), "--net", "python3", "-c", """
            import socket, threading

            def serve(host):
                listener = socket.create_server((host, 9000))
                held = []
                def accept():
                    while True:
                        held.append(listener.accept()[0])
                        held[-1].sendall(b"x")
                threading.Thread(target=accept, daemon=True).start()

            def echo():
                while True:
                    data, client = server.recvfrom(100)
                    server.sendto(b"%s %d" % (data, client[1]), client)

            serve("127.0.0.2")
            serve("127.0.0.3")
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind(("127.0.0.4", 9000))
            threading.Thread(target=echo, daemon=True).start()
            served, lost, clients = 0, 0, []
            for port in range(30000, 30012):
                try:
                    clients.append(socket.create_connection(("127.0.0.1", 8080), timeout=60, source_address=("127.0.0.1", port)))
                    served += clients[-1].recv(1) == b"x"
                except ConnectionResetError:
                    lost += 1
            print("connections", served, lost)

            def ask(client):
                client.sendto(b"a", ("127.0.0.1", 8080))
                return client.recv(100).split()[1]

            first, answers = None, 0
            for port in range(31000, 31012):
                client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                client.bind(("127.0.0.1", port))
                client.settimeout(60)
                if first is None:
                    first, known = client, ask(client)
                    assert ask(first) == known
                else:
                    answers += len(ask(client)) > 0
            print("datagrams", answers, ask(first) == known)
            """);

        asked.Output.ShouldBe("connections 8 4\ndatagrams 11 True\n", asked.Output + penstock.Output);
        var status = await ChildProcess.RunAsync(Programs.Penstock, "status", "-o", "json", "--socket", Socket(workplace));
        status.Output.ShouldMatch("\"no_source\": ?4\\b");
        status.Output.ShouldNotContain("unreachable");
        penstock.Output.ShouldMatch(@"this host has no port left to connect to 127\.0\.0\.[23]:9000 from \(net\.ipv4\.ip_local_port_range\)");
    }

    [PeerFact("sh")]
    public async Task Connections_Idle_HoldTwoDescriptorsEach()
    {
        const int Connections = 300;
        using var workplace = new Workplace();
        using var backend = new TcpListener(IPAddress.Loopback, 0);
        backend.Start(1024);
        var port = FreePort.Next();
        var path = Write(workplace, port, Backend(((IPEndPoint)backend.LocalEndpoint).Port));
        await using var penstock = new ChildProcess("sh", "-c", "ulimit -n 1024 && exec \"$@\"", "sh", Programs.Penstock, "run", "--config", path);
        await Eventually.TrueAsync(() => penstock.Output.Contains("ready: generation", StringComparison.Ordinal), penstock.Output);
        var ends = new List<TcpClient>();
        try
        {
            for (var i = 0; i < Connections; i++)
            {
                ends.Add(new TcpClient());
                await ends[^1].ConnectAsync(IPAddress.Loopback, port);
                ends.Add(await backend.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(60)));
                await ends[^1].GetStream().WriteAsync("bytes"u8.ToArray());
                await ends[^2].GetStream().ReadExactlyAsync(new byte[5]).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
            }

            Directory.EnumerateFileSystemEntries($"/proc/{penstock.Pid}/fd").Count().ShouldBeInRange(2 * Connections, (2 * Connections) + 200); // Six each would not do.
            (await StatusAsync(workplace)).ShouldNotContain("others wait");
        }
        finally
        {
            ends.ForEach(one => one.Dispose());
        }
    }

    [PeerFact("sh")]
    public async Task Descriptors_EachTierFlooded_TheOtherIsServed()
    {
        using var workplace = new Workplace();
        await using var origin = RawOrigin.Answering();
        using var backend = new TcpListener(IPAddress.Loopback, 0);
        backend.Start(1024);
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var (port, http) = (FreePort.Next(), FreePort.Next());
        var path = Write(workplace, port, Backend(((IPEndPoint)backend.LocalEndpoint).Port), more: $$"""
            , {name: dns, listen: "udp://127.0.0.1:{{port}}", forwarding: nat, backends: [{{Backend(((IPEndPoint)silent.LocalEndPoint!).Port)}}]}
            """, l7: $$$"""
            l7:
              listeners: [{name: http, bind: "127.0.0.1:{{{http}}}", routes: all}]
              routes: {all: [{match: {path_prefix: /}, to: [{cluster: o}]}]}
              clusters: {o: {endpoints: [{address: "{{{origin.Endpoint}}}"}]}}
            """);
        await using var penstock = new ChildProcess("sh", "-c", "ulimit -n 512 && exec \"$@\"", "sh", Programs.Penstock, "run", "--config", path);
        await Eventually.TrueAsync(() => penstock.Output.Contains("ready: generation", StringComparison.Ordinal), penstock.Output);
        var flood = new List<IDisposable>();
        try
        {
            for (var i = 0; i < 300; i++)
            {
                var datagrams = Keep(new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
                await datagrams.ConnectAsync(IPAddress.Loopback, port);
                await datagrams.SendAsync(new byte[1]);
                await Keep(new TcpClient()).ConnectAsync(IPAddress.Loopback, port);
            }

            await Eventually.TrueAsync(async () => (await StatusAsync(workplace)).Contains("others wait", StringComparison.Ordinal), TimeSpan.FromSeconds(60), () => penstock.Output);
            (await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => GetAsync(http)))).ShouldAllBe(answer => answer.Length > 0);

            flood.ForEach(one => one.Dispose());
            for (var i = 0; i < 300; i++)
                await Keep(new TcpClient()).ConnectAsync(IPAddress.Loopback, http);
            await Eventually.TrueAsync(async () => (await StatusAsync(workplace)).Contains("new clients wait", StringComparison.Ordinal), TimeSpan.FromSeconds(60), () => penstock.Output);
            while (backend.Pending())
                (await backend.AcceptSocketAsync()).Dispose();
            using var last = new TcpClient();
            await last.ConnectAsync(IPAddress.Loopback, port);
            await last.GetStream().WriteAsync("last"u8.ToArray());
            await Task.Run(() => AwaitLastAsync(backend)).WaitAsync(TimeSpan.FromSeconds(60));
        }
        finally
        {
            flood.ForEach(one => one.Dispose());
        }

        T Keep<T>(T one)
            where T : IDisposable
        {
            flood.Add(one);
            return one;
        }
    }

    private static async Task<string> StatusAsync(Workplace workplace) => (await ChildProcess.RunAsync(Programs.Penstock, "status", "--socket", Socket(workplace))).Output;

    private static async Task<string> GetAsync(int port)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        return await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/"));
    }

    private static async Task AwaitLastAsync(TcpListener backend)
    {
        var buffer = new byte[4];
        int count;
        do
        {
            using var served = await backend.AcceptTcpClientAsync();
            count = await served.GetStream().ReadAsync(buffer); // Of the flood's that are left over, nothing.
        }
        while (count == 0);
    }

    private static string Socket(Workplace workplace) => Path.Combine(workplace.Path, "admin.sock");

    private static string Backend(int port, string more = "") => string.Create(CultureInfo.InvariantCulture, $"{{address: 127.0.0.1, port: {port}{more}}}");

    private static string Write(Workplace workplace, int port, string backends, string shutdown = "1s", string more = "", string l7 = "") => workplace.Write("penstock.yaml", $$"""
        node: a
        state: {{workplace.Path}}/lib
        admin: {socket: {{Socket(workplace)}}}
        shutdown_timeout: {{shutdown}}
        l4:
          engine: userspace
          services: [{name: web, listen: "tcp://127.0.0.1:{{port}}", forwarding: nat, backends: [{{backends}}]}{{more}}]
        {{l7}}
        """);
}
