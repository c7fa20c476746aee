// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Tls;
using Penstock.Model.L7;

namespace Penstock.Health;

/// <summary>TLS of one endpoint's checks: its files are read at the first, and again after one that failed.</summary>
/// <param name="config">Whom to believe, and what to show.</param>
/// <param name="protocol">What is offered by ALPN, such as <c>h2</c>.</param>
internal sealed class CheckTls(ClusterTlsConfig config, string protocol)
{
    private TlsClient? _client;

    /// <summary>Whom to believe.</summary>
    /// <exception cref="TlsException">One of the files can't be used.</exception>
    public TlsClient Client()
    {
        try
        {
            return _client ??= TlsClient.Create(new TlsClientOptions(config.Ca, config.Cert, config.Key, config.ServerName, [.. config.San], config.Verify, protocol));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TlsException(e.Message);
        }
    }
}
