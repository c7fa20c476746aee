// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Netns.Tests.Harness;

/// <summary>Runs programs that have to succeed.</summary>
internal static class Run
{
    /// <summary>Runs one to its end.</summary>
    public static async Task<string> OkAsync(string program, string arguments)
    {
        var (code, output) = await ChildProcess.RunAsync(program, arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        code.ShouldBe(0, $"{program} {arguments}:\n{output}");
        return output;
    }

    /// <summary>Runs commands one after the other, each a line of sh(1): what makes a network takes dozens, and a process of a shell's costs less than one of this program's.</summary>
    public static async Task LinesAsync(params string[] lines)
    {
        var (code, output) = await ChildProcess.RunAsync("sh", "-exc", string.Join('\n', lines));
        code.ShouldBe(0, output); // which shows each command that was run: the last is the one that failed
    }
}
