// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>The shipped units under a systemd of their own.</summary>
public sealed class SystemdTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    [SystemdFact]
    public async Task Address_MovesWithKeepalivedsUnits_AndNotWithPenstocks()
    {
        var folder = Path.Combine(Objects.Root, "tests/Systemd");
        await using var run = new ChildProcess(Path.Combine(folder, "run"), "-t", "280", Path.Combine(folder, "vrrp.sh"), SystemdFactAttribute.Binary!); // there, or the test is skipped

        var code = await run.WaitAsync(s_patience);

        code.ShouldBe(0, run.Output);
        run.Output.TrimEnd().ShouldEndWith("done");
    }
}
