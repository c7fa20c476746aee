// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Reading;
using Penstock.Model.L7;

namespace Penstock.Daemon.Running;

/// <summary>What API servers of Kubernetes are reached by, for discovery.</summary>
internal static class ApiAccess
{
    /// <summary>Reads it.</summary>
    /// <exception cref="InvalidDataException">It can't be used.</exception>
    public static KubernetesAccess Read(KubernetesDiscoveryConfig source)
    {
        var faults = new List<string>();
        return Kubeconfig.Read(source, faults) ?? throw new InvalidDataException(faults[0]);
    }
}
