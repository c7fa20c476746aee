// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.Linux.Bpf;

namespace Penstock.L4.Tests.Xdp;

/// <summary>The programs of bpf/, compiled once for a test run.</summary>
internal static class ProgramObject
{
    private static readonly Lazy<string?> Built = new(Build);

    /// <summary>Top directory of the repository.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Why they are not there or can't be loaded; null: all is there.</summary>
    public static string? Missing => Built.Value;

    /// <summary>An object file.</summary>
    public static string Path(string name) => System.IO.Path.Combine(AppContext.BaseDirectory, name + ".bpf.o");

    private static string? Build()
    {
        try
        {
            using var map = BpfMap.Create(BpfMapType.Array, "probe", 4, 4, 1);
            foreach (var source in Directory.GetFiles(System.IO.Path.Combine(Root, "bpf"), "*.bpf.c"))
            {
                using var clang = Process.Start(System.IO.Path.Combine(Root, "bpf/compile"), [source, Path(System.IO.Path.GetFileName(source)[..^".bpf.c".Length])]);
                clang.WaitForExit();
                if (clang.ExitCode != 0)
                    return $"needs clang and libbpf-dev to compile {source}";
            }

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
        catch (System.ComponentModel.Win32Exception)
        {
            return "needs clang";
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Appliance.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException("not within the repository");
    }
}
