// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Bpf;

namespace Penstock.L4.Xdp;

/// <summary>Finds compiled programs, and opens those that belong to this binary.</summary>
internal static class ProgramFile
{
    private const string Installed = "/usr/lib/penstock";

    /// <summary>The path of a program that goes with another: in the folder that the configuration names for that, else as ever.</summary>
    /// <param name="configured">Where the configuration says the other is; null: nothing is said.</param>
    /// <param name="name">Its name in <c>bpf/</c>.</param>
    /// <exception cref="L4ApplyException">It is not there.</exception>
    public static string Beside(string? configured, string name) => Find(configured is null ? null : Path.Combine(Path.GetDirectoryName(configured) ?? "", $"{name}.bpf.o"), name);

    /// <summary>A program's path: as configured, else beside the binary, else where the package puts it.</summary>
    /// <param name="configured">Where the configuration says it is; null: nothing is said.</param>
    /// <param name="name">Its name in <c>bpf/</c>.</param>
    /// <exception cref="L4ApplyException">It is at none of them.</exception>
    public static string Find(string? configured, string name)
    {
        var file = $"bpf/{name}.bpf.o";
        string[] places = configured is not null ? [configured] : [Path.Combine(AppContext.BaseDirectory, file), Path.Combine(Installed, file)];
        return Array.Find(places, File.Exists) ?? throw new L4ApplyException($"the program {name} is not at {string.Join(" nor at ", places)}");
    }

    /// <summary>Opens a program's file, if it was made from the sources that this binary was: what they share would not be the same.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="L4ApplyException">It was made from others.</exception>
    /// <exception cref="BpfException">It is no BPF object.</exception>
    public static BpfObject Open(string path)
    {
        var opened = BpfObject.Open(path);
        if (opened.Constant<ulong>("build_id", ".rodata.build") is var id && id == BuildId.Value)
            return opened;
        opened.Dispose();
        throw new L4ApplyException(
            $"the program {path} (build {(id is { } other ? $"{other:x16}" : "unknown")}) does not belong to {Environment.ProcessPath} (build {BuildId.Value:x16}): install both from one package, or build both (make build)");
    }
}
