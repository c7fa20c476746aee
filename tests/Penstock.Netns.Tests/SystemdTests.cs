// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>The shipped units, and the package, under a systemd of their own.</summary>
public sealed class SystemdTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);

    private static string Folder { get; } = Path.Combine(Objects.Root, "tests/Systemd");

    [SystemdFact]
    public Task Address_MovesWithKeepalivedsUnits_AndNotWithPenstocks() => RunAsync("vrrp.sh");

    [SystemdFact("/usr/sbin/bird")]
    public Task Address_IsWithdrawnWithBirdsUnits_AndNotWithPenstocks() => RunAsync("bgp.sh");

    [SystemdFact("/usr/sbin/logrotate")]
    public Task Package_InstalledConfiguredUpgradedKilledRemovedAndPurged_KeepsAndLeavesWhatItShould() => DoneAsync("package");

    [SystemdFact]
    public Task Restart_LosesNoRequest_AndAKilledDaemonHasNobodyRefused() => RunAsync("restart.sh");

    private static Task RunAsync(string script) => DoneAsync("run", "-t", "560", Path.Combine(Folder, script));

    private static async Task DoneAsync(string program, params string[] arguments)
    {
        await using var run = new ChildProcess(Path.Combine(Folder, program), [.. arguments, SystemdFactAttribute.Binary!]); // there, or the test is skipped

        var code = await run.WaitAsync(s_patience);

        code.ShouldBe(0, run.Output);
        run.Output.TrimEnd().ShouldEndWith("done");
    }
}
