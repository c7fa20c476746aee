// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using Penstock.Model.L7;

namespace Penstock.Config.Reading;

/// <summary>The service account of the pod that this process runs in, as kubelet lays it there.</summary>
internal static class PodAccount
{
    private const string Folder = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string AuthoritiesFile = "/ca.crt";
    private const string HostVariable = "KUBERNETES_SERVICE_HOST";
    private const string PortVariable = "KUBERNETES_SERVICE_PORT";

    /// <summary>Reads the one of this process.</summary>
    /// <param name="faults">Takes what is wrong, a line each.</param>
    /// <returns>null: something is among the faults.</returns>
    public static KubernetesAccess? Read(ICollection<string> faults) => Read(faults, Folder, Environment.GetEnvironmentVariable);

    /// <summary>Reads one.</summary>
    /// <param name="faults">Takes what is wrong, a line each.</param>
    /// <param name="folder">Where kubelet has laid it.</param>
    /// <param name="variable">The environment: the value of a name, or null.</param>
    /// <returns>null: something is among the faults.</returns>
    public static KubernetesAccess? Read(ICollection<string> faults, string folder, Func<string, string?> variable)
    {
        var host = variable(HostVariable);
        if (string.IsNullOrEmpty(host) || !int.TryParse(variable(PortVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is 0 or > ushort.MaxValue)
        {
            faults.Add($"no kubeconfig, and this is no pod of Kubernetes: {HostVariable} and {PortVariable} are not set");
            return null;
        }

        var files = new List<TlsFault>();
        var authorities = PemFiles.ReadText("ca", folder + AuthoritiesFile, files);
        foreach (var fault in files)
            faults.Add(fault.Found);
        if (authorities is null)
            return null;
        var access = new KubernetesAccess(new UriBuilder(Uri.UriSchemeHttps, host, port).Uri) { Authorities = authorities, AuthoritiesFrom = folder + AuthoritiesFile, TokenFile = folder + "/token" };
        if (KubernetesAccessChecks.Trouble(access) is not { } trouble)
            return access;
        faults.Add($"the account of this pod: {trouble}");
        return null;
    }
}
