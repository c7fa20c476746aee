// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.Vm.Tests.Harness;

namespace Penstock.Vm.Tests;

/// <summary>tests/Vm/run itself, with machines of its own.</summary>
[Collection(GuestCollection.Name)]
public sealed class RigTests
{
    [VmFact]
    public async Task Run_Command_HasItsOutputAndExitCode()
    {
        var (code, output, errors) = await RunAsync("echo kernel $(uname -r); exit 7");

        (code, errors).ShouldBe((7, ""));
        output.ShouldBe($"kernel {(await File.ReadAllTextAsync(Path.Combine(Guest.Root, "out/vm/version"))).Trim()}\n");
    }

    [VmFact]
    public async Task Run_MachineDies_ShowsItsConsole()
    {
        var (code, _, errors) = await RunAsync("echo c >/proc/sysrq-trigger; sleep 600");

        code.ShouldBe(125);
        errors.ShouldStartWith("vm: the machine ended without an exit code");
        errors.ShouldContain("Kernel panic - not syncing: sysrq triggered crash");
    }

    [VmFact]
    public async Task Run_LongerThanItMay_IsEndedAndShowsItsConsole()
    {
        var (code, _, errors) = await RunAsync("sleep 600", "-t", "1");

        code.ShouldBe(124);
        errors.ShouldStartWith("vm: time is up after 1 s\n");
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(string command, params string[] options)
    {
        using var machine = Process.Start(new ProcessStartInfo(Path.Combine(Guest.Root, "tests/Vm/run"), [.. options, command]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!; // A new process: never null.
        var (output, errors) = (machine.StandardOutput.ReadToEndAsync(), machine.StandardError.ReadToEndAsync());
        await machine.WaitForExitAsync();
        return (machine.ExitCode, await output, await errors);
    }
}
