// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Xdp;

/// <summary>Finds the compiled program.</summary>
internal static class ProgramFile
{
    private const string Name = "bpf/xdp_lb.bpf.o";
    private const string Installed = "/usr/lib/penstock";

    /// <summary>Its path: as configured, else beside the binary, else where the package puts it.</summary>
    /// <exception cref="L4ApplyException">It is at none of them.</exception>
    public static string Find(string? configured)
    {
        string[] places = configured is not null ? [configured] : [Path.Combine(AppContext.BaseDirectory, Name), Path.Combine(Installed, Name)];
        return Array.Find(places, File.Exists) ?? throw new L4ApplyException($"the XDP program is not at {string.Join(" nor at ", places)}");
    }
}
