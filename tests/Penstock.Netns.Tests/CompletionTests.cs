// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>What shells complete of a line that begins with penstock, each asked by its own rules, with the completions that packages install.</summary>
public sealed class CompletionTests : IDisposable
{
    private const string Bash = "/bin/bash", Zsh = "/usr/bin/zsh", Fish = "/usr/bin/fish";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("penstock-completion-");

    public void Dispose() => _folder.Delete(recursive: true);

    [PackageFact(Bash)]
    public async Task Completion_OfBash_KnowsCommandsOptionsAndValues()
    {
        await KnowsAsync(OfBashAsync);
        (await OfBashAsync("penstock check --config /etc/pass")).ShouldBeEmpty("bash completes names of files by itself");
    }

    [PackageFact(Zsh)]
    public async Task Completion_OfZsh_KnowsCommandsOptionsAndValues()
    {
        File.Copy(FileOf("zsh"), Path.Combine(_folder.FullName, "_penstock")); // the name that packages give it

        await KnowsAsync(OfZshAsync);
        (await OfZshAsync("penstock check --config /etc/pass")).ShouldBe(["files"], "zsh completes names of files by itself");
    }

    [PackageFact(Fish)]
    public async Task Completion_OfFish_KnowsCommandsOptionsAndValues()
    {
        await KnowsAsync(OfFishAsync);
        (await OfFishAsync("penstock check --config /etc/pass")).ShouldContain("/etc/passwd");
    }

    /// <summary>What bash completes the last word of a line to.</summary>
    internal static Task<string[]> OfBashAsync(string line)
    {
        const string Script = """
            source "$1" && COMP_LINE=$2 COMP_POINT=${#2} && read -ra words <<<"$2."
            _penstock "$3" "${words[-1]%.}" "${words[-2]}"
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        return AskAsync(Bash, "-c", Script, "bash", FileOf("bash"), line, SystemdFactAttribute.Binary!); // there, or the test is skipped
    }

    private static async Task KnowsAsync(Func<string, Task<string[]>> completed)
    {
        string[] commands = ["status", "top", "drain", "ready", "maintenance", "explain", "version"];
        (await completed("penstock ")).Intersect(commands, StringComparer.Ordinal).ShouldBe(commands, ignoreOrder: true);
        (await completed("penstock st")).ShouldBe(["status"]);
        (await completed("penstock explain p")).ShouldBe(["packet"]);
        (await completed("penstock status --r")).ShouldBe(["--rate"]);
        (await completed("penstock status -o ")).ShouldBe(["json", "text"], ignoreOrder: true);
    }

    // By the function that zsh finds for the command, as at a prompt; what takes words there prints those here that begin as the last one does.
    private Task<string[]> OfZshAsync(string line)
    {
        const string Script = """
            fpath=("$1" $fpath)
            autoload -Uz compinit && compinit -D -u
            compadd() { print -rl -- ${(M)${(P)2}:#$PREFIX*} }
            _files() { print files }
            words=("${(@s: :)2}") CURRENT=${#words} PREFIX=${words[-1]}
            $_comps[penstock]
            """;
        return AskAsync("/usr/bin/env", PathVariable(), Zsh, "-f", "-c", Script, "zsh", _folder.FullName, line);
    }

    private static Task<string[]> OfFishAsync(string line) =>
        AskAsync("/usr/bin/env", PathVariable(), Fish, "--no-config", "--command", "source $argv[1]; complete --do-complete $argv[2]", FileOf("fish"), line);

    // zsh and fish run the command that the line names.
    private static string PathVariable() => $"PATH={Path.GetDirectoryName(SystemdFactAttribute.Binary)}:{Environment.GetEnvironmentVariable("PATH")}";

    private static string FileOf(string shell) => Path.Combine(Objects.Root, "packaging/completions", $"penstock.{shell}");

    private static async Task<string[]> AskAsync(string program, params string[] arguments)
    {
        var (code, output) = await ChildProcess.RunAsync(program, arguments);
        code.ShouldBe(0, $"{program} {string.Join(' ', arguments)}:\n{output}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
