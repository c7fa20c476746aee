// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Xdp;

/// <summary>Finds compiled programs.</summary>
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
}
