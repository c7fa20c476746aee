// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using Penstock.Model.Vrrp;
using Penstock.Netns.Tests.Harness;
using Penstock.Vrrp;

namespace Penstock.Netns.Tests;

/// <summary>Real keepaliveds on two hosts of one link, looked after.</summary>
public sealed class KeepalivedTests
{
    [NetnsFact]
    public async Task Configuration_AppliedAgainChangedAndBroken_MovesNothing()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var changes = new ConcurrentQueue<VrrpRoleChange>();
        var first = lan.Take(0, changes.Enqueue);
        var second = lan.Take(1);
        await first.ApplyAsync(lan.Plan(0));
        await lan.OwnerAsync(0);
        await second.ApplyAsync(lan.Plan(1));
        await RoleAsync(second, VrrpRole.Backup);
        await lan.OwnerAsync(0);
        var pids = lan.Pids(0);

        await first.ApplyAsync(lan.Plan(0));
        lan.Said(0).ShouldNotContain("reads its configuration again");

        var refused = await Should.ThrowAsync<AddressApplyException>(() => first.ApplyAsync(lan.Plan(0, "advert_int 0.001")));
        refused.Message.ShouldContain("0.001");
        refused.Message.ShouldNotContain(lan.Folder);
        File.ReadAllText(lan.Files(0).ConfigFile).ShouldBe(lan.Plan(0).Text);

        await first.ApplyAsync(lan.Plan(0, "", "", "10.8.0.101/24"));
        await Eventually.TrueAsync(() => lan.HasAsync(0, "10.8.0.101"), TimeSpan.FromSeconds(60), () => lan.Said(0));
        await first.ApplyAsync(lan.Plan(0));
        await Eventually.TrueAsync(async () => !await lan.HasAsync(0, "10.8.0.101"), TimeSpan.FromSeconds(60), () => lan.Said(0));

        lan.Pids(0).ShouldBe(pids);
        changes.Select(change => change.Role).ShouldBe([VrrpRole.Backup, VrrpRole.Master]);
        await RoleAsync(second, VrrpRole.Backup); // adverts that are late by a third of a second are none to it
        (await lan.HasAsync(0)).ShouldBeTrue();
    }

    [NetnsFact]
    public async Task Daemon_ThatGoesAndComes_LeavesKeepalivedAloneAndLearnsWhatItMissed()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var (first, second) = await StartBothAsync(lan);
        var pids = lan.Pids(0);
        Should.Throw<InvalidOperationException>(() => lan.Take(0)).InnerException.ShouldBeOfType<AddressApplyException>().Message.ShouldContain("another daemon");

        first.Leave();
        second.SetHealth("edge", -90);
        lan.Pids(0).ShouldBe(pids);
        using (var again = lan.Take(0))
        {
            Role(again).Role.ShouldBe(VrrpRole.Master);
            again.Status.Pid.ShouldBe(pids[0]);
            await again.ApplyAsync(lan.Plan(0));
            lan.Said(0).ShouldNotContain("reads its configuration again");
        }

        await Run.OkAsync("kill", $"-KILL {pids[1]}"); // the child comes again by itself, and nobody looks
        second.SetHealth("edge", 0);
        await Eventually.TrueAsync(() => Task.FromResult(lan.Pids(0)[1] is > 1 and var child && child != pids[1]), TimeSpan.FromSeconds(60), () => lan.Said(0));
        await lan.OwnerAsync(0);
        await lan.Link.IpAsync("link set h0 down");
        await Eventually.TrueAsync(() => lan.HasAsync(1), TimeSpan.FromSeconds(60), () => lan.Said(1));
        var last = lan.Take(0);
        await RoleAsync(last, VrrpRole.Fault);
        await lan.Link.IpAsync("link set h0 up");
        await RoleAsync(last, VrrpRole.Master);

        await last.StopAsync();
        (await lan.HasAsync(0)).ShouldBeFalse();
        Directory.Exists(lan.Files(0).Run).ShouldBeFalse();
        await lan.OwnerAsync(1);
    }

    [NetnsTheory]
    [InlineData("both killed", "ended", "")]
    [InlineData("parent killed", "ended", "")]
    [InlineData("child killed", "child", "")]
    [InlineData("child stopped", "stopped", "")]
    [InlineData("parent stopped", "stopped", "")]
    [InlineData("both killed", "ended", "use_vmac\n  vmac_xmit_base")]
    public async Task Keepalived_ThatFails_LosesItsAddressesAndComesAgain(string failure, string reason, string settings)
    {
        await using var lan = await VrrpLan.CreateAsync();
        var (first, _) = await StartBothAsync(lan, settings);
        var pids = lan.Pids(0);
        int[] struck = failure.StartsWith("both", StringComparison.Ordinal) ? pids : failure.StartsWith("parent", StringComparison.Ordinal) ? [pids[0]] : [pids[1]];

        await Run.OkAsync("kill", $"{(failure.EndsWith("killed", StringComparison.Ordinal) ? "-KILL" : "-STOP")} {string.Join(' ', struck)}");

        await Eventually.TrueAsync(() => Task.FromResult(first.Status.Restarts.GetValueOrDefault(reason) == 1), TimeSpan.FromSeconds(60), () => lan.Said(0));
        await RoleAsync(first, VrrpRole.Master);
        await lan.OwnerAsync(0);
        first.Status.Restarts.Values.Sum().ShouldBe(1);
        Role(first).Transitions[VrrpRole.Master].ShouldBe(2);
        lan.Pids(0)[1].ShouldNotBe(pids[1]);
        if (failure is "both killed" or "child stopped") // else a child takes them off by itself, as it ends or as the next one begins
            lan.Said(0).ShouldContain(settings.Length > 0 ? "vrrp.50" : $"{VrrpLan.Vip}/24 of eth0");
    }

    [NetnsFact]
    public async Task Fifo_ThatIsRemoved_TellsRolesAgainOnceKeepalivedIsStartedAnew()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var (first, _) = await StartBothAsync(lan);
        File.Delete(lan.Files(0).NotifyFifo);

        await Run.OkAsync("kill", $"-KILL {string.Join(' ', lan.Pids(0))}");

        await Eventually.TrueAsync(() => Task.FromResult(first.Status.Restarts.GetValueOrDefault("ended") == 1), TimeSpan.FromSeconds(60), () => lan.Said(0));
        await RoleAsync(first, VrrpRole.Master);
    }

    [NetnsFact]
    public async Task Keepalived_OfADaemonThatIsGone_IsCleanedUpAfterOrEnded()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var first = lan.Take(0);
        await first.ApplyAsync(lan.Plan(0));
        await lan.OwnerAsync(0);
        first.Leave();
        await Run.OkAsync("kill", $"-KILL {string.Join(' ', lan.Pids(0))}");
        (await lan.HasAsync(0)).ShouldBeTrue();

        var next = lan.Take(0);

        (await lan.HasAsync(0)).ShouldBeFalse();
        (await lan.HasAsync(0, VrrpLan.Vip6)).ShouldBeFalse();
        (await lan.HasAsync(0, "10.8.0.11")).ShouldBeTrue();
        await next.ApplyAsync(lan.Plan(0));
        await lan.OwnerAsync(0);

        next.Leave();
        var pids = lan.Pids(0);
        await lan.Take(0).StopAsync();
        (await lan.HasAsync(0)).ShouldBeFalse();
        Directory.Exists(lan.Files(0).Run).ShouldBeFalse();
        Directory.Exists($"/proc/{pids[0]}").ShouldBeFalse();
    }

    [NetnsFact]
    public async Task Health_ThatIsLower_MovesTheAddressesAndBack()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var (first, second) = await StartBothAsync(lan);

        first.SetHealth("edge", InstanceHealth.Lowest);
        await RoleAsync(first, VrrpRole.Backup);
        await RoleAsync(second, VrrpRole.Master);
        await lan.OwnerAsync(1);

        first.SetHealth("edge", 0);
        await RoleAsync(first, VrrpRole.Master);
        await lan.OwnerAsync(0);

        first.SetHealth("edge", InstanceHealth.Fault);
        await RoleAsync(first, VrrpRole.Fault);
        await lan.OwnerAsync(1);
        first.Status.UnknownLines.ShouldBe(0);
    }

    [NetnsFact]
    public async Task Lease_ThatRunsOut_GivesTheAddressesUpUntilItIsRenewed()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var lease = lan.Files(0).LeaseFile;
        KeepalivedLease.Renew(lease, DateTimeOffset.UtcNow.AddHours(1));
        var first = lan.Take(0);
        await first.ApplyAsync(lan.Plan(0, "track_script {\n    lease\n  }", $$"""
            vrrp_script lease {
              script "/usr/bin/find '{{lease}}' ! -newermt now -exec /bin/false '{}' +"
              interval 1
              timeout 2
              fall 1
              rise 1
            }
            """));
        await RoleAsync(first, VrrpRole.Master);

        KeepalivedLease.Renew(lease, DateTimeOffset.UtcNow);
        await RoleAsync(first, VrrpRole.Fault);
        await Eventually.TrueAsync(async () => !await lan.HasAsync(0), TimeSpan.FromSeconds(60), () => lan.Said(0));

        KeepalivedLease.Renew(lease, DateTimeOffset.UtcNow.AddHours(1));
        await RoleAsync(first, VrrpRole.Master);

        File.Delete(lease);
        await RoleAsync(first, VrrpRole.Fault);
    }

    private static async Task<(KeepalivedProcess First, KeepalivedProcess Second)> StartBothAsync(VrrpLan lan, string settings = "")
    {
        var (first, second) = (lan.Take(0), lan.Take(1));
        await first.ApplyAsync(lan.Plan(0, settings));
        await RoleAsync(first, VrrpRole.Master);
        await second.ApplyAsync(lan.Plan(1, settings));
        await RoleAsync(second, VrrpRole.Backup);
        await lan.OwnerAsync(0);
        return (first, second);
    }

    private static KeepalivedRole Role(KeepalivedProcess process) => process.Status.Instances.ShouldHaveSingleItem();

    private static Task RoleAsync(KeepalivedProcess process, VrrpRole role) => Eventually.TrueAsync(
        () => Task.FromResult(Role(process).Role == role), TimeSpan.FromSeconds(60), () => $"{process.Status.Group} is {Role(process).Role}, not {role}");
}
