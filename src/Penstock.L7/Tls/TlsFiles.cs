// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Acme;
using Penstock.Linux.Tls;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.L7.Tls;

/// <summary>TLS of a snapshot's listeners and clusters, each as of one reading of its files.</summary>
internal sealed class TlsFiles
{
    private readonly Dictionary<ListenerTlsConfig, TlsListener> _listeners = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, ClusterTls> _clients = new(StringComparer.Ordinal);

    /// <summary>Of nothing.</summary>
    internal static TlsFiles None { get; } = new();

    /// <summary>
    /// Reads a snapshot's files: anew where the configuration was read anew, also if nothing but a file's content has changed since; what was read for this very
    /// configuration is kept, whatever has become of the files, until a certificate by ACME is replaced by one that can be served. Such a one is kept over a new configuration as well:
    /// its file is not the operator's, and nobody has been told at a check that it can't be read.
    /// </summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="running">What is served.</param>
    /// <param name="before">What was served before that.</param>
    /// <param name="ownKeys">Keys of session tickets for listeners that name none.</param>
    /// <param name="challenges">What CAs are answered.</param>
    /// <exception cref="L7ApplyException">A file can't be used.</exception>
    internal static TlsFiles Read(Snapshot snapshot, TlsFiles running, TlsFiles before, TlsTicketKeys ownKeys, AcmeChallenges challenges)
    {
        var files = new TlsFiles();
        ServerCertificate? ReadOne(CertificateConfig one) => ServerCertificate.Read(one, running.Kept(one) ?? before.Kept(one), snapshot.Config.Acme?.RenewBefore);
        foreach (var listener in snapshot.Config.L7.Listeners)
        {
            if (listener.Tls is { } config)
            {
                files._listeners[config] = running.Current(config) ?? before.Current(config)
                    ?? ReadListener(listener, config, running._listeners.GetValueOrDefault(config) ?? before._listeners.GetValueOrDefault(config), ownKeys, challenges, ReadOne);
            }
        }

        foreach (var (name, cluster) in snapshot.Config.L7.Clusters)
        {
            if (cluster.Tls is { } config)
                files._clients[name] = running.Known(name, config) ?? before.Known(name, config) ?? ReadClient(name, config, cluster.Protocol, running);
        }

        return files;
    }

    /// <summary>What a listener of the snapshot speaks.</summary>
    internal TlsListener Of(ListenerTlsConfig config) => _listeners[config];

    /// <summary>What is spoken to endpoints of a cluster of the snapshot that has TLS.</summary>
    internal ClusterTls Of(string cluster) => _clients[cluster];

    // A certificate by ACME is another without a reload.
    private TlsListener? Current(ListenerTlsConfig config) => _listeners.TryGetValue(config, out var one) && !one.IsOutdated ? one : null;

    // What was read for this very configuration goes on while a file is gone or can't be read, for want of a descriptor say: neither may that end the certificates that are
    // served, nor keep what has become of endpoints from being served. The next snapshot looks again.
    private static TlsListener ReadListener(ListenerConfig listener, ListenerTlsConfig config, TlsListener? last, TlsTicketKeys ownKeys, AcmeChallenges challenges, Func<CertificateConfig, ServerCertificate?> read)
    {
        try
        {
            return TlsListener.Read(listener.Name, config, listener.Http2.Enabled, ownKeys, challenges, read);
        }
        catch (L7ApplyException) when (last is not null)
        {
            return last;
        }
    }

    // What was read of the file of a certificate by ACME, for whichever listener.
    private ServerCertificate? Kept(CertificateConfig config) =>
        _listeners.Values.SelectMany(listener => listener.Certificates).FirstOrDefault(one => one.Source is not null && string.Equals(one.Config.Cert, config.Cert, StringComparison.Ordinal));

    private ClusterTls? Known(string cluster, ClusterTlsConfig config) =>
        _clients.TryGetValue(cluster, out var one) && ReferenceEquals(one.Config, config) ? one : null;

    // The one there is while nothing it goes by has changed: connections and sessions with endpoints are of one client.
    private static ClusterTls ReadClient(string cluster, ClusterTlsConfig config, UpstreamProtocol protocol, TlsFiles running)
    {
        try
        {
            var client = TlsClient.Create(new TlsClientOptions(config.Ca, config.Cert, config.Key, config.ServerName, [.. config.San], config.Verify, protocol == UpstreamProtocol.H2 ? "h2" : "http/1.1"));
            var isKnown = running._clients.TryGetValue(cluster, out var known) && string.Equals(client.Fingerprint, known.Client.Fingerprint, StringComparison.Ordinal);
            return new ClusterTls(config, isKnown ? known!.Client : client, WatchedCertificate.Of(config)); // Known means that there is one.
        }
        catch (Exception e) when (e is TlsException or IOException or UnauthorizedAccessException)
        {
            throw new L7ApplyException($"cluster {cluster}: tls: {e.Message}", e);
        }
    }
}
