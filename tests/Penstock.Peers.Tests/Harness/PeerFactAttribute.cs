// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Peers.Tests.Harness;

/// <summary>A test that needs programs from Debian; skipped, with the reason, where one is missing (<c>make deps</c> installs them).</summary>
internal sealed class PeerFactAttribute : FactAttribute
{
    /// <summary>Needs every one of these programs.</summary>
    public PeerFactAttribute(params string[] programs)
    {
        var missing = programs.Where(program => Programs.Find(program) is null).ToArray();
        if (missing.Length > 0)
        {
            Skip = $"missing: {string.Join(", ", missing)}";
        }
    }

    /// <summary>A module that Debian's python3 needs; skipped where it is missing. Default: none.</summary>
    public string? PythonModule
    {
        get;
        init
        {
            field = value;
            if (!Directory.Exists($"/usr/lib/python3/dist-packages/{value}"))
            {
                Skip = $"missing: python3-{value}";
            }
        }
    }

    /// <summary>Descriptors the test process needs; skipped where the hard limit is lower. Default 0: any number will do.</summary>
    public int OpenFiles
    {
        get;
        init
        {
            field = value;
            var line = File.ReadLines("/proc/self/limits").Single(limit => limit.StartsWith("Max open files", StringComparison.Ordinal));
            if (int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4]) < value)
            {
                Skip = $"needs {value} open files: {line}";
            }
        }
    }
}
