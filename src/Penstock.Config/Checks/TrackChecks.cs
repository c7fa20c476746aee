// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Binding;
using Penstock.Model;

namespace Penstock.Config.Checks;

/// <summary>Services and clusters that virtual addresses depend on: they are there.</summary>
internal static class TrackChecks
{
    /// <summary>Checks what a <c>track</c> names.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="services">Names of services, null where one failed to bind.</param>
    /// <param name="clusters">The same of clusters.</param>
    /// <param name="at">Place of the <c>track</c>.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(ApplianceConfig config, IEnumerable<string?> services, IEnumerable<string?> clusters, Cursor at, DiagnosticSink sink)
    {
        Check([.. services], "service", [.. config.L4.Services.Select(service => service?.Name).OfType<string>()], at["services"], sink);
        Check([.. clusters], "cluster", [.. config.L7.Clusters.Keys], at["clusters"], sink);
    }

    private static void Check(string?[] tracked, string kind, string[] known, Cursor at, DiagnosticSink sink)
    {
        for (var i = 0; i < tracked.Length; i++)
        {
            if (tracked[i] is { } name && !known.Contains(name, StringComparer.Ordinal))
                sink.Error(at[i].Node, at[i].Path, $"unknown {kind} '{name}'", known.Length == 0 ? $"a {kind}; there is none" : $"one of the {kind}s", Nearest.Find(name, known));
        }
    }
}
