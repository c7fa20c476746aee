// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Config.Reading;
using Penstock.Model.L7;

namespace Penstock.Config.Checks;

/// <summary>Discovery by Kubernetes: sources that differ, weights that mean something, kubeconfigs that can be used.</summary>
internal static class KubernetesChecks
{
    /// <summary>Checks the sources of one cluster.</summary>
    /// <param name="sources">The sources.</param>
    /// <param name="readsFiles">Whether files that they name are those of this host.</param>
    /// <param name="at">Their place.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(ImmutableArray<KubernetesDiscoveryConfig> sources, bool readsFiles, Cursor at, DiagnosticSink sink)
    {
        if (sources.IsEmpty && at.Node is Yaml.SequenceNode)
            sink.Error(at.Node, at.Path, "an empty list", "at least one source");

        var hasWeights = sources.Any(source => source is { Weight: not null });
        var seen = new Dictionary<KubernetesDiscoveryConfig, Cursor>();
        for (var i = 0; i < sources.Length; i++)
        {
            if (sources[i] is not { } source)
                continue;

            var here = at[i];
            var asked = source with { Weight = null, Priority = 0, PreferZone = null, Family = KubernetesFamily.Any };
            if (!seen.TryAdd(asked, here))
                sink.Error(here.Node, here.Path, "the same source a second time", $"each once; first at {seen[asked].Where}");
            if (hasWeights && source.Weight is null && !here.Incomplete)
                sink.Error(here.Node, here.Path, "no weight where others of the list have one", "weight for all, or for none");
            if (source is { Context: not null, Kubeconfig: null } && !here.Has("kubeconfig"))
                sink.Error(here.AtKey("context").Node, here["context"].Path, "context without kubeconfig", "kubeconfig beside it");
            else if (readsFiles)
                CheckAccess(source, here["kubeconfig"], sink);
        }
    }

    // A daemon that starts has the endpoints it knew before, and may get the file yet.
    private static void CheckAccess(KubernetesDiscoveryConfig source, Cursor at, DiagnosticSink sink)
    {
        var faults = new List<string>();
        Kubeconfig.Read(source, faults);
        foreach (var fault in faults)
        {
            if (sink.ToleratesFiles)
                sink.Warning(at.Node, at.Path, fault);
            else
                sink.Error(at.Node, at.Path, fault);
        }
    }
}
