// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Penstock.Linux.Bpf;

namespace Penstock.Linux.Tests.Bpf;

/// <summary>The compiled form of <c>sample.bpf.c</c>, made once for a test run.</summary>
internal static class SampleObject
{
    private static readonly Lazy<(string Path, string? Missing)> Built = new(Build);

    /// <summary>The object file.</summary>
    public static string Path => Built.Value.Path;

    /// <summary>Why there is none, or why it can't be loaded; null: all is there.</summary>
    public static string? Missing => Built.Value.Missing;

    private static (string Path, string? Missing) Build()
    {
        var path = System.IO.Path.Combine(AppContext.BaseDirectory, "sample.bpf.o");
        try
        {
            using var map = BpfMap.Create(BpfMapType.Array, "probe", 4, 4, 1);
            using var clang = Process.Start("clang", [
                "-O2", "-g", "-target", "bpf", "-I/usr/include/x86_64-linux-gnu", "-I/usr/include/aarch64-linux-gnu", "-c", Source(), "-o", path]);
            clang.WaitForExit();
            return (path, clang.ExitCode == 0 ? null : "needs clang and libbpf-dev to compile sample.bpf.c");
        }
        catch (BpfException error)
        {
            return (path, $"needs the right to use BPF: {error.Message}");
        }
        catch (DllNotFoundException)
        {
            return (path, "needs libbpf.so.1");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (path, "needs clang");
        }
    }

    private static string Source([CallerFilePath] string here = "") =>
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(here)!, "sample.bpf.c"); // a file's path has a folder
}
