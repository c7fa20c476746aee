// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Daemon.Running;

/// <summary>Files that a configuration names and that a reload reads anew: certificates, CAs, keys, OCSP responses, keys of session tickets and passwords.</summary>
/// <remarks>Not those that are read anew without a reload, as kubeconfigs and what ACME keeps, and not programs and templates, which packages replace.</remarks>
internal static class NamedFiles
{
    /// <summary>Their paths, each once.</summary>
    public static IReadOnlyList<string> Of(ApplianceConfig config) =>
        [.. All(config).Where(path => !string.IsNullOrEmpty(path)).OfType<string>().Distinct(StringComparer.Ordinal)];

    private static IEnumerable<string?> All(ApplianceConfig config) =>
    [
        .. config.L7.Listeners.Select(listener => listener.Tls).OfType<ListenerTlsConfig>().SelectMany(OfListener),
        .. config.L7.Clusters.Values.Select(cluster => cluster.Tls).OfType<ClusterTlsConfig>().SelectMany(tls => (string?[])[tls.Ca, tls.Cert, tls.Key]),
        config.Peers?.Certificate,
        config.Peers?.Key,
        config.Peers?.Ca,
        .. config.Bgp?.Neighbors.Select(neighbor => neighbor.PasswordFile) ?? [],
        config.Acme?.Ca,
        config.Acme?.ExternalAccount?.KeyFile,
    ];

    private static IEnumerable<string?> OfListener(ListenerTlsConfig tls) =>
    [
        .. tls.Certificates.Where(certificate => certificate.Acme.IsEmpty).SelectMany(certificate => (string?[])[certificate.Cert, certificate.Key, certificate.Ocsp]),
        tls.ClientCertificates?.Ca,
        tls.SessionTicketKeys,
    ];
}
