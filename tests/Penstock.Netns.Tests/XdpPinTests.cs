// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>Pins that are not as a daemon has left them, and hosts that give it too little.</summary>
public sealed class XdpPinTests
{
    private const string TwoServers = """
            - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11, 10.9.2.12]}
        """;

    [NetnsFact]
    public async Task Pins_RemovedUnderTheDaemon_AreMadeAgain()
    {
        await using var net = await Topology.CreateAsync();
        var daemon = await net.StartDaemonAsync(TwoServers);
        daemon.Signal(19); // It looks each second.
        foreach (var folder in Directory.GetDirectories($"{net.Folder}/pins"))
            Directory.Delete(folder, recursive: true);
        File.Delete($"{net.Folder}/pins/program");
        daemon.Signal(18);

        await net.ReloadAsync();

        (await net.CurlAsync(4)).Keys.ShouldBeSubsetOf(["s1", "s2"], customMessage: daemon.Output);
        daemon.Signal(9);
        await daemon.WaitAsync(TimeSpan.FromSeconds(60));
        (await net.CurlAsync(4)).Keys.ShouldBeSubsetOf(["s1", "s2"]);
        daemon = await net.StartDaemonAsync();
        daemon.Output.ShouldContain("with the maps of the one before");
    }

    [NetnsFact]
    public async Task Pins_OfAnotherNetworkNamespace_AreLeftAlone()
    {
        await using var net = await Topology.CreateAsync();
        var daemon = await net.StartDaemonAsync(TwoServers);
        daemon.Signal(9);
        await daemon.WaitAsync(TimeSpan.FromSeconds(60));
        await net.Client.IpAsync("link add b0 type veth peer name b1");
        await net.Client.IpAsync("addr add 10.77.0.1/24 dev b0");
        await net.Client.OkAsync("sysctl", "-qw net.ipv4.ip_forward=1 net.ipv4.conf.b0.forwarding=1");

        var (code, output) = await net.Client.RunAsync(Topology.Penstock, "run", "--config", $"{net.Folder}/penstock.yaml");

        code.ShouldBe(1);
        output.ShouldContain($"the program pinned in {net.Folder}/pins runs on interface b0 of another network namespace");
        (await net.CurlAsync(4)).Keys.ShouldBeSubsetOf(["s1", "s2"]);
    }

    [NetnsFact]
    public async Task Pins_InABpffsThatIsReadOnly_AreRefusedWithWhatToDo()
    {
        await using var net = await Topology.CreateAsync();
        net.Configure(TwoServers);
        Directory.CreateDirectory($"{net.Folder}/pins");
        await Run.OkAsync("mount", $"-t bpf -o ro bpf {net.Folder}/pins");
        try
        {
            var (code, output) = await net.Balancer.RunAsync(Topology.Penstock, "run", "--config", $"{net.Folder}/penstock.yaml");

            code.ShouldBe(1);
            output.ShouldContain($"{net.Folder}/pins is read-only: mount its bpffs writable");
        }
        finally
        {
            await Run.OkAsync("umount", $"{net.Folder}/pins");
        }
    }

    [NetnsFact]
    public async Task Daemon_WithoutRights_NamesThoseItLacks()
    {
        await using var net = await Topology.CreateAsync();
        net.Configure(TwoServers);

        var (code, output) = await net.Balancer.RunAsync(
            "setpriv", "--bounding-set", "-bpf,-sys_admin", "--inh-caps", "-bpf,-sys_admin", Topology.Penstock, "run", "--config", $"{net.Folder}/penstock.yaml");

        code.ShouldBe(1);
        output.ShouldContain("the daemon lacks the rights CAP_BPF: run it as root");
    }
}
