// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Netns.Tests.Harness;

/// <summary>Compiled programs, compiled once for all tests of a run.</summary>
internal static class Objects
{
    internal static string Root { get; } = FindRoot(AppContext.BaseDirectory);
    private static readonly Lazy<Task<string>> s_folder = new(CompileAsync);

    /// <summary>The folder they are in.</summary>
    public static Task<string> FolderAsync() => s_folder.Value;

    private static async Task<string> CompileAsync()
    {
        var folder = Directory.CreateTempSubdirectory("penstock-objects-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        foreach (var source in (string[])["bpf/xdp_lb.bpf.c", "bpf/decap.bpf.c", "bpf/probe.bpf.c", "tests/Penstock.Netns.Tests/Harness/pass.bpf.c"])
        {
            await Run.OkAsync(Path.Combine(Root, "bpf/compile"), $"{Root}/{source} {folder}/{Path.GetFileName(source)[..^2]}.o");
        }

        return folder;
    }

    private static string FindRoot(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Appliance.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"no Appliance.sln above {start}");
    }
}
