// SPDX-License-Identifier: Apache-2.0
using System.Reflection;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;

namespace Penstock.Bpf.Tests;

/// <summary>The objects that <c>make bpf</c> leaves, and why they may be of no use here.</summary>
internal static class Programs
{
    /// <summary>The repository.</summary>
    public static readonly string Root =
        typeof(Programs).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!; // the project sets it

    private static readonly string Folder = Path.Combine(Root, "out", "bpf");

    /// <summary>Why no test can run; null: all is there.</summary>
    public static string? Missing { get; } = FindMissing();

    /// <summary>An object file.</summary>
    public static string Object(string name) => Path.Combine(Folder, name + ".bpf.o");

    /// <summary>The same program, made from other sources as far as it says.</summary>
    public static byte[] OfAnotherBuild(string name)
    {
        var bytes = File.ReadAllBytes(Object(name));
        var at = bytes.AsSpan().IndexOf(BitConverter.GetBytes(BuildId.Value));
        at.ShouldBeGreaterThan(0);
        BitConverter.TryWriteBytes(bytes.AsSpan(at), ~BuildId.Value).ShouldBeTrue();
        return bytes;
    }

    private static string? FindMissing()
    {
        if (!File.Exists(Object("xdp_lb")))
            return "needs out/bpf (make bpf)";
        try
        {
            using var map = BpfMap.Create(BpfMapType.Array, "probe", 4, 4, 1);
            return null;
        }
        catch (BpfException error)
        {
            return $"needs the right to use BPF: {error.Message}";
        }
        catch (DllNotFoundException)
        {
            return "needs libbpf.so.1";
        }
    }
}
