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
}
