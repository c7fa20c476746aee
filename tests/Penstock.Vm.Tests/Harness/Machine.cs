// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;

namespace Penstock.Vm.Tests.Harness;

/// <summary>A virtual machine for one command.</summary>
internal static class Machine
{
    /// <summary>Runs a command in it by tests/Vm/run.</summary>
    /// <param name="command">What its shell runs.</param>
    /// <param name="options">Of tests/Vm/run.</param>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(string command, params string[] options)
    {
        using var machine = Process.Start(new ProcessStartInfo(Path.Combine(Guest.Root, "tests/Vm/run"), [.. options, command]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!; // A new process: never null.
        var (output, errors) = (machine.StandardOutput.ReadToEndAsync(), machine.StandardError.ReadToEndAsync());
        await machine.WaitForExitAsync();
        return (machine.ExitCode, await output, await errors);
    }
}
