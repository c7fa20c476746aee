// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>What makes a host give its addresses up, and what keeps it from taking them, through the whole daemon and real keepalived.</summary>
public sealed class VrrpConditionsTests
{
    private const string Second = "10.8.0.101";
    private const string Slow = "1s"; // where a move would not be taken back: three of them are longer than this machine stands still
    private const int SigStop = 19, SigCont = 18;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [NetnsFact]
    public async Task DaemonThatHangs_GivesTheAddressesUp_AndTakesThemOnceItGoesOn()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var daemon = (await StartBothAsync(lan, "", deadAfter: "3s"))[0];

        daemon.Signal(SigStop);
        await lan.OwnerAsync(1);
        daemon.HasExited.ShouldBeFalse();

        daemon.Signal(SigCont);
        await lan.OwnerAsync(0);
        await lan.RoleAsync(0, "MASTER");
    }

    [NetnsTheory]
    [InlineData("probe0", "FAULT")]
    [InlineData("{name: probe0, weight: 60}", "BACKUP")]
    public async Task TrackedInterfaceThatIsDown_CostsTheAddresses(string tracked, string role)
    {
        await using var lan = await VrrpLan.CreateAsync();
        await lan.Hosts[0].IpAsync("link add probe0 type veth peer name probe1");
        await lan.Hosts[0].IpAsync("link set probe0 up");
        await lan.Hosts[0].IpAsync("link set probe1 up");
        await StartBothAsync(lan, $"track: {{interfaces: [{tracked}]}}");

        await lan.Hosts[0].IpAsync("link set probe0 down");
        await lan.OwnerAsync(1);
        await lan.RoleAsync(0, role);

        await lan.Hosts[0].IpAsync("link set probe0 up");
        await lan.OwnerAsync(0);
        await lan.RoleAsync(1, "BACKUP");
    }

    [NetnsFact]
    public async Task HostThatDoesNotPreempt_StandsByWhenItReturns()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var preempting = $"{{name: second, interface: eth0, router_id: 51, priority: PRIORITY, advert_interval: 2s, addresses: [{Second}/24]}}";
        var daemons = await StartBothAsync(lan, "preempt: false", preempting, others: "preempt: false", advert: Slow);
        await lan.RoleAsync(0, "MASTER", "second");

        daemons[0].Signal(15);
        await daemons[0].WaitAsync(s_patience);
        await lan.OwnerAsync(1);
        await lan.StartDaemonAsync(0);

        // An instance beside, which is slower, is back.
        await lan.RoleAsync(0, "MASTER", "second");
        await lan.RoleAsync(0, "BACKUP");
        await lan.RoleAsync(1, "MASTER");
        await lan.OwnerAsync(1);

        // It takes them where the other one does not want them.
        daemons[1].Signal(15);
        await lan.OwnerAsync(0);
        await daemons[1].WaitAsync(s_patience);
        daemons[1].Output.ShouldContain("giving up edge: the other host does not preempt");
    }

    [NetnsFact]
    public async Task HostThatPreemptsLate_WaitsFirst()
    {
        var delay = TimeSpan.FromSeconds(10);
        await using var lan = await VrrpLan.CreateAsync();
        lan.Configure(0, Edge(0, $"preempt_delay: {delay.TotalSeconds}s", Slow));
        lan.Configure(1, Edge(1, "", Slow));
        await lan.StartDaemonAsync(1);
        await lan.OwnerAsync(1);
        await lan.RoleAsync(1, "MASTER");

        var started = Stopwatch.GetTimestamp();
        var late = await lan.StartDaemonAsync(0);
        await lan.OwnerAsync(0);

        await Eventually.TrueAsync(() => Task.FromResult(late.Output.Contains("VRRP instance edge: Master, was Backup", StringComparison.Ordinal)), s_patience, () => late.Output);
        Stopwatch.GetElapsedTime(started).ShouldBeGreaterThan(delay - TimeSpan.FromSeconds(1));
    }

    // The first has the addresses then, the other stands by.
    private static async Task<ChildProcess[]> StartBothAsync(VrrpLan lan, string settings, string beside = "", string deadAfter = "60s", string others = "", string advert = "200ms")
    {
        lan.Configure(0, $"{Edge(0, settings, advert)}, {beside.Replace("PRIORITY", "150", StringComparison.Ordinal)}", deadAfter);
        lan.Configure(1, $"{Edge(1, others, advert)}, {beside.Replace("PRIORITY", "100", StringComparison.Ordinal)}");
        var first = await lan.StartDaemonAsync(0);
        await lan.OwnerAsync(0);
        var second = await lan.StartDaemonAsync(1);
        await lan.RoleAsync(1, "BACKUP");
        await lan.RoleAsync(0, "MASTER");
        return [first, second];
    }

    private static string Edge(int host, string settings, string advert) =>
        $"{{name: edge, interface: eth0, router_id: 50, priority: {(host == 0 ? 150 : 100)}, advert_interval: {advert}, addresses: [{VrrpLan.Vip}/24, \"{VrrpLan.Vip6}/64\"], {settings}}}";
}
