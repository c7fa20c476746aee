// SPDX-License-Identifier: Apache-2.0
using Penstock.Vm.Tests.Harness;

namespace Penstock.Vm.Tests;

/// <summary>tests/Vm/run itself, with machines of its own.</summary>
[Collection(OwnMachineCollection.Name)]
public sealed class RigTests
{
    [VmFact]
    public async Task Run_Command_HasItsOutputAndExitCode()
    {
        var (code, output, errors) = await Machine.RunAsync("echo kernel $(uname -r); exit 7");

        (code, errors).ShouldBe((7, ""));
        output.ShouldBe($"kernel {(await File.ReadAllTextAsync(Path.Combine(Guest.Root, "out/vm/version"))).Trim()}\n");
    }

    [VmFact]
    public async Task Run_MachineDies_ShowsItsConsole()
    {
        var (code, _, errors) = await Machine.RunAsync("echo c >/proc/sysrq-trigger; sleep 600");

        code.ShouldBe(125);
        errors.ShouldStartWith("vm: the machine ended without an exit code");
        errors.ShouldContain("Kernel panic - not syncing: sysrq triggered crash");
    }

    [VmFact]
    public async Task Run_LongerThanItMay_IsEndedAndShowsItsConsole()
    {
        var (code, _, errors) = await Machine.RunAsync("sleep 600", "-t", "1");

        code.ShouldBe(124);
        errors.ShouldStartWith("vm: time is up after 1 s\n");
    }
}
