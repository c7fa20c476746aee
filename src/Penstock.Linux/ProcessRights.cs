// SPDX-License-Identifier: Apache-2.0
using System.Globalization;

namespace Penstock.Linux;

/// <summary>What this process may do.</summary>
public static class ProcessRights
{
    private const string Effective = "CapEff:";

    private static readonly (Capabilities Right, string Name)[] s_names =
    [
        (Capabilities.NetBindService, "CAP_NET_BIND_SERVICE"), (Capabilities.Bpf, "CAP_BPF"), (Capabilities.Perfmon, "CAP_PERFMON"), (Capabilities.NetAdmin, "CAP_NET_ADMIN"),
        (Capabilities.NetRaw, "CAP_NET_RAW"), (Capabilities.DacOverride, "CAP_DAC_OVERRIDE"), (Capabilities.SysAdmin, "CAP_SYS_ADMIN"),
    ];

    /// <summary>Rights in force now; null: /proc does not say.</summary>
    public static Capabilities? Read() => File.Exists("/proc/self/status") ? Parse(File.ReadLines("/proc/self/status")) : null;

    /// <summary>Names of those rights that the product speaks of.</summary>
    public static string[] Names(Capabilities rights) => [.. s_names.Where(one => rights.HasFlag(one.Right)).Select(one => one.Name)];

    /// <summary>Number of the user that this process acts as.</summary>
    public static uint User => Libc.geteuid();

    /// <summary>Reads the lines of /proc/PID/status.</summary>
    internal static Capabilities? Parse(IEnumerable<string> lines) =>
        lines.FirstOrDefault(line => line.StartsWith(Effective, StringComparison.Ordinal)) is { } line
        && ulong.TryParse(line.AsSpan(Effective.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bits)
            ? (Capabilities)bits
            : null;
}
