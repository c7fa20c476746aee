// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;

namespace Penstock.Tidy.Tests;

/// <summary>The files of this repository: those git knows of, and new ones it does not ignore.</summary>
internal static class Repository
{
    private static readonly string[] CodeEndings = [".cs", ".sh", ".py", ".lua", ".c", ".h"];

    /// <summary>Its top directory.</summary>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Paths relative to <see cref="Root"/>.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Run("git", "ls-files", "--cached", "--others", "--exclude-standard").Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(path => File.Exists(Path.Combine(Root, path)))];

    /// <summary>Files that hold code.</summary>
    public static IEnumerable<string> Code => Files.Where(path =>
        CodeEndings.Contains(Path.GetExtension(path)) || path is "Makefile" || path.StartsWith(".ci/", StringComparison.Ordinal));

    /// <summary>Files with an ending, such as <c>.md</c>.</summary>
    public static IEnumerable<string> WithEnding(string ending) => Files.Where(path => path.EndsWith(ending, StringComparison.Ordinal));

    /// <summary>Text of a file.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Runs a program in the top directory to its end.</summary>
    public static (int ExitCode, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Root,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!; // null only when a running process is reused by the shell
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    private static string FindRoot(string start)
    {
        for (var directory = new DirectoryInfo(start); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Appliance.sln")))
            {
                return directory.FullName;
            }
        }

        throw new DirectoryNotFoundException($"no Appliance.sln above {start}");
    }
}
