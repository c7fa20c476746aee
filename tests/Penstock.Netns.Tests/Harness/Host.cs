// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Penstock.Netns.Tests.Harness;

/// <summary>A network namespace that stands for a host.</summary>
/// <param name="name">Its name.</param>
internal sealed partial class Host(string name)
{
    private const int NetworkNamespace = 0x40000000; // CLONE_NEWNET

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Lines of <see cref="Run.LinesAsync"/> that make it.</summary>
    public string Made => $"ip netns add {name}\n{Ip("link set lo up")}\n{Line("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0")}";

    /// <summary>A line of <see cref="Run.LinesAsync"/> that runs ip(8) in it.</summary>
    public string Ip(string arguments) => $"ip -n {name} {arguments}";

    /// <summary>A line of <see cref="Run.LinesAsync"/> that runs a program in it.</summary>
    public string Line(string command) => $"nsenter --net=/run/netns/{name} {command}";

    /// <summary>Runs ip(8) in it.</summary>
    public Task IpAsync(string arguments) => Run.OkAsync("ip", $"-n {name} {arguments}");

    /// <summary>Runs a program in it to its end, which has to be good.</summary>
    public Task<string> OkAsync(string program, string arguments) => Run.OkAsync("nsenter", $"--net=/run/netns/{name} {program} {arguments}");

    /// <summary>Runs a program in it to its end.</summary>
    public Task<(int ExitCode, string Output)> RunAsync(string program, params string[] arguments) =>
        ChildProcess.RunAsync("nsenter", [$"--net=/run/netns/{name}", program, .. arguments]);

    /// <summary>Starts a program in it.</summary>
    public ChildProcess Start(string program, params string[] arguments) => new("nsenter", [$"--net=/run/netns/{name}", program, .. arguments]);

    /// <summary>Ends whatever still runs in it, such as the keepalived that a daemon has left for the next, and removes it.</summary>
    public async Task EndAsync()
    {
        var (_, pids) = await ChildProcess.RunAsync("ip", "netns", "pids", name);
        if (pids.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(pid => int.TryParse(pid, out _)).ToArray() is { Length: > 0 } left)
            await ChildProcess.RunAsync("kill", ["-9", .. left]);
        await ChildProcess.RunAsync("ip", "netns", "del", name);
    }

    /// <summary>Connects from it. The sockets stay in it, whoever uses them.</summary>
    public IReadOnlyList<Socket> Connect(IPEndPoint to, int count) => Inside(() =>
    {
        var sockets = new List<Socket>();
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 30000, SendTimeout = 30000 };
            sockets.Add(socket);
            socket.Connect(to);
        }

        return sockets;
    });

    /// <summary>Does something on a thread that is in it: sockets opened there stay in it.</summary>
    public T Inside<T>(Func<T> work)
    {
        T? result = default;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var entered = File.OpenHandle($"/run/netns/{name}");
                setns((int)entered.DangerousGetHandle(), NetworkNamespace).ShouldBe(0);
                result = work();
            }
            catch (Exception error) // the thread's: rethrown below
            {
                failure = error;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw new InvalidOperationException($"in {name}", failure); // the thread has set it
    }

    [LibraryImport("libc")]
    private static partial int setns(int fd, int kind);
}
