// SPDX-License-Identifier: Apache-2.0
using System.Reflection;

namespace Penstock.Peers.Tests.Harness;

/// <summary>Where the programs are that tests run.</summary>
internal static class Programs
{
    /// <summary>The penstock under test: what PENSTOCK_BINARY names, else what the solution built.</summary>
    public static string Penstock { get; } =
        Environment.GetEnvironmentVariable("PENSTOCK_BINARY")
        ?? typeof(Programs).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "PenstockBinary").Value!;

    /// <summary>Full path of a program on PATH or in the system directories; null: not installed.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/usr/bin")
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(File.Exists);
}
