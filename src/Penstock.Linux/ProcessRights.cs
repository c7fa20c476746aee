// SPDX-License-Identifier: Apache-2.0
using System.Globalization;

namespace Penstock.Linux;

/// <summary>What this process may do.</summary>
public static class ProcessRights
{
    private const string Effective = "CapEff:";

    /// <summary>Rights in force now; null: /proc does not say.</summary>
    public static Capabilities? Read() => File.Exists("/proc/self/status") ? Parse(File.ReadLines("/proc/self/status")) : null;

    /// <summary>Number of the user that this process acts as.</summary>
    public static uint User => Libc.geteuid();

    /// <summary>Reads the lines of /proc/PID/status.</summary>
    internal static Capabilities? Parse(IEnumerable<string> lines) =>
        lines.FirstOrDefault(line => line.StartsWith(Effective, StringComparison.Ordinal)) is { } line
        && ulong.TryParse(line.AsSpan(Effective.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bits)
            ? (Capabilities)bits
            : null;
}
