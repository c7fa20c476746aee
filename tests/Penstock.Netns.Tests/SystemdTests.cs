// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>The shipped units, and the package, under a systemd of their own.</summary>
public sealed class SystemdTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);

    [SystemdFact]
    public Task Address_MovesWithKeepalivedsUnits_AndNotWithPenstocks() => RunAsync("vrrp.sh");

    [SystemdFact("/usr/sbin/bird")]
    public Task Address_IsWithdrawnWithBirdsUnits_AndNotWithPenstocks() => RunAsync("bgp.sh");

    [SystemdFact("/usr/sbin/logrotate")]
    public Task Package_InstalledConfiguredUpgradedRemovedAndPurged_KeepsAndLeavesWhatItShould() => RunAsync("deb.sh");

    [SystemdFact]
    public Task Restart_LosesNoRequest_AndAKilledDaemonHasNobodyRefused() => RunAsync("restart.sh");

    private static async Task RunAsync(string script)
    {
        var folder = Path.Combine(Objects.Root, "tests/Systemd");
        await using var run = new ChildProcess(Path.Combine(folder, "run"), "-t", "560", Path.Combine(folder, script), SystemdFactAttribute.Binary!); // there, or the test is skipped

        var code = await run.WaitAsync(s_patience);

        code.ShouldBe(0, run.Output);
        run.Output.TrimEnd().ShouldEndWith("done");
    }
}
