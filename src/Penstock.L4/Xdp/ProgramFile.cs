// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Bpf;

namespace Penstock.L4.Xdp;

/// <summary>A compiled program that belongs to this binary, as its file was when it was read.</summary>
internal sealed class ProgramFile
{
    private const string Installed = "/usr/lib/penstock";

    private readonly byte[] _contents;

    private ProgramFile(string location, byte[] contents)
    {
        Location = location;
        _contents = contents;
    }

    /// <summary>Where it was.</summary>
    public string Location { get; }

    /// <summary>Where a program is that goes with another, as <see cref="Find"/> takes it: in the folder that the configuration names for that; null: nothing is said.</summary>
    /// <param name="configured">Where the configuration says the other is; null: nothing is said.</param>
    /// <param name="name">Its name in <c>bpf/</c>.</param>
    public static string? Beside(string? configured, string name) => configured is null ? null : Path.Combine(Path.GetDirectoryName(configured) ?? "", $"{name}.bpf.o");

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

    /// <summary>Reads a program's file, if it was made from the sources that this binary was: what they share would not be the same.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="L4ApplyException">It was made from others.</exception>
    /// <exception cref="BpfException">It is no BPF object.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static ProgramFile Read(string path)
    {
        var file = new ProgramFile(path, File.ReadAllBytes(path));
        using var opened = file.Open();
        return opened.Constant<ulong>("build_id", ".rodata.build") is var id && id == BuildId.Value ? file : throw new L4ApplyException(
            $"the program {path} (build {(id is { } other ? $"{other:x16}" : "unknown")}) does not belong to {Environment.ProcessPath} (build {BuildId.Value:x16}): install both from one package, or build both (make build)");
    }

    /// <summary>Opens it, to be set up and loaded.</summary>
    public BpfObject Open() => BpfObject.Open(Location, _contents);
}
