// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Reading;
using Penstock.Model.L7;

namespace Penstock.Config.Checks;

/// <summary>TLS of clusters: a name to verify, files that can be used.</summary>
internal static class ClusterTlsChecks
{
    /// <summary>Checks a cluster's TLS.</summary>
    /// <param name="tls">Its TLS.</param>
    /// <param name="readsFiles">Whether its files are those of this host.</param>
    /// <param name="at">Its place.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(ClusterTlsConfig tls, bool readsFiles, Cursor at, DiagnosticSink sink)
    {
        if (tls.Verify && !at.Has("server_name") && !at.Has("san") && !at.Incomplete)
            sink.Error(at.Node, at.Path, "neither server_name nor san: any certificate of the CA would do", "server_name: NAME or san: [NAME], or verify: false");
        if (!tls.Verify)
            sink.Warning(at["verify"].Node, at["verify"].Path, "certificates of endpoints that nobody verifies", "verify: true anywhere but in tests");
        if (at.Has("cert") != at.Has("key") && !at.Incomplete)
            sink.Error(at.Node, at.Path, at.Has("cert") ? "cert without key" : "key without cert", "both or none");
        if (!readsFiles)
            return;
        var faults = new List<TlsFault>();
        if (tls.Ca is { } ca)
            ListenerTlsChecks.CheckAuthorities(ca, at, sink);
        if (tls is { Cert: { } cert, Key: { } key })
        {
            var chain = PemFiles.ReadCertificates("cert", cert, faults);
            using var own = PemFiles.ReadKey(key, cert, chain?[0], faults);
            ListenerTlsChecks.CheckStrength(cert, chain, !sink.ToleratesFiles, faults);
            if (chain is not null)
                ListenerTlsChecks.CheckTimes(chain, at["cert"], sink);
        }

        ListenerTlsChecks.Report(faults, at, sink);
    }
}
