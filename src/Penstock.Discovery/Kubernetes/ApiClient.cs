// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Penstock.Model.L7;

namespace Penstock.Discovery.Kubernetes;

/// <summary>
/// Asks one API server. What it is reached by is read anew for each request, so that files that are replaced count from then on; connections that are open stay with what they were made with.
/// </summary>
/// <param name="read">Reads what it is reached by; throws <see cref="InvalidDataException"/> when that can't be used.</param>
/// <param name="limits">Bounds.</param>
internal sealed class ApiClient(Func<KubernetesAccess> read, KubernetesLimits limits) : IDisposable
{
    private const int HeadKilobytes = 32;
    private const int StatusBytes = 64 << 10;
    private const int TokenBytes = 64 << 10;
    private const int KeepAliveSeconds = 30;
    private const int KeepAliveProbes = 3;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1"; // RFC 5280, 4.2.1.12

    private readonly Lock _gate = new();
    private KubernetesAccess? _access;
    private HttpClient? _http;

    /// <summary>Sends a GET.</summary>
    /// <param name="path">Path and query.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>An answer of 200, its body still to be read.</returns>
    /// <exception cref="ApiException">It answers otherwise.</exception>
    /// <exception cref="InvalidDataException">What it is reached by can't be used.</exception>
    /// <exception cref="HttpRequestException">It does not answer.</exception>
    /// <exception cref="IOException">A file can't be read.</exception>
    public async Task<HttpResponseMessage> GetAsync(string path, CancellationToken cancellation)
    {
        var (access, token) = await ReadAsync(cancellation);
        try
        {
            return await AskAsync(access, token, path, cancellation);
        }
        catch (ApiException error) when (error.Fault == ApiFault.Refused)
        {
            // Whoever issues tokens and certificates may have replaced them since they were read.
            var (renewed, newToken) = await ReadAsync(cancellation);
            if (renewed == access && string.Equals(newToken, token, StringComparison.Ordinal))
                throw;
            return await AskAsync(renewed, newToken, path, cancellation);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
            _http?.Dispose();
    }

    private async Task<(KubernetesAccess Access, string? Token)> ReadAsync(CancellationToken cancellation)
    {
        var access = read();
        return (access, await TokenAsync(access, cancellation));
    }

    private async Task<HttpResponseMessage> AskAsync(KubernetesAccess access, string? token, string path, CancellationToken cancellation)
    {
        // TLS is the stream's matter, so to the HTTP layer it is plain.
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{access.Server.Authority}{access.Server.AbsolutePath.TrimEnd('/')}{path}");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("penstock", productVersion: null));
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var response = await ClientFor(access).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.StatusCode == HttpStatusCode.OK)
            return response;
        using (response)
            throw await FaultAsync(response, cancellation);
    }

    private static async Task<string?> TokenAsync(KubernetesAccess access, CancellationToken cancellation)
    {
        if (access.TokenFile is not { } path)
            return access.Token;
        var bytes = new FileInfo(path).Length;
        if (bytes > TokenBytes)
            throw new InvalidDataException($"{path}: a token of {bytes} bytes; {TokenBytes} are allowed");
        var token = (await File.ReadAllTextAsync(path, cancellation)).Trim();
        return token.Length > 0 && !token.AsSpan().ContainsAnyExceptInRange('!', '~') ? token : throw new InvalidDataException($"{path}: no token");
    }

    private static async Task<ApiException> FaultAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var fault = response.StatusCode switch
        {
            HttpStatusCode.Gone => ApiFault.Expired,
            HttpStatusCode.NotFound => ApiFault.NotFound,
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ApiFault.Refused,
            HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests => ApiFault.Unavailable,
            >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError => ApiFault.Unusable, // such as 400 for a version that the server can't read
            _ => ApiFault.Unavailable,
        };
        var status = $"it answers {(int)response.StatusCode}";
        try
        {
            await response.Content.LoadIntoBufferAsync(StatusBytes, cancellation);
            return new ApiException(fault, StatusReader.TryRead(await response.Content.ReadAsByteArrayAsync(cancellation)) is { Message.Length: > 0 } said ? $"{status}: {said.Message}" : status);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return new ApiException(fault, status, error);
        }
    }

    // A client that has been replaced is not closed: another watch may be about to send with it. Its idle connections end by themselves.
    private HttpClient ClientFor(KubernetesAccess access)
    {
        var connection = access with { Token = null, TokenFile = null };
        lock (_gate)
        {
            if (_http is not null && connection == _access)
                return _http;
            _http = Connect(connection);
            _access = connection;
            return _http;
        }
    }

    private HttpClient Connect(KubernetesAccess access)
    {
        var authorities = access.Authorities is { } pem ? Certificates(pem) : null;
        var own = access is { Certificate: { } certificate, Key: { } key } ? Identity(certificate, key) : null;
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, cancellation) => ConnectAsync(access, authorities, own, cancellation),
            ConnectTimeout = limits.Connect,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            MaxResponseHeadersLength = HeadKilobytes,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        };
        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    private static async ValueTask<Stream> ConnectAsync(KubernetesAccess access, X509Certificate2Collection? authorities, SslStreamCertificateContext? own, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // A watch is silent for long: this tells a server that is gone from one that has nothing to say.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveSeconds / KeepAliveProbes);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
            await socket.ConnectAsync(access.Server.DnsSafeHost, access.Server.Port, cancellation);
            var stream = new NetworkStream(socket, ownsSocket: true);
            if (!string.Equals(access.Server.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal))
                return stream;
            return await SecureAsync(stream, access, TlsOptions(access, authorities, own), cancellation);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // The callback decides nothing that would be decided otherwise without it: a certificate that the CA has not signed, or that is for another name, ends the connection.
    private static async ValueTask<Stream> SecureAsync(Stream stream, KubernetesAccess access, SslClientAuthenticationOptions options, CancellationToken cancellation)
    {
        string? trouble = null;
        options.RemoteCertificateValidationCallback = (_, _, chain, errors) =>
        {
            trouble = ServerTrust.Trouble(access, chain, errors);
            return errors == SslPolicyErrors.None;
        };
        var secure = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            await secure.AuthenticateAsClientAsync(options, cancellation);
            return secure;
        }
        catch (AuthenticationException error) when (trouble is { } reason)
        {
            throw new ApiException(ApiFault.Unavailable, reason, error);
        }
    }

    private static SslClientAuthenticationOptions TlsOptions(KubernetesAccess access, X509Certificate2Collection? authorities, SslStreamCertificateContext? own)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = access.ServerName ?? access.Server.DnsSafeHost,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            ClientCertificateContext = own,
        };
        if (authorities is null)
            return options;
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        options.CertificateChainPolicy = policy;
        return options;
    }

    private static X509Certificate2Collection Certificates(string pem)
    {
        try
        {
            var found = new X509Certificate2Collection();
            found.ImportFromPem(pem);
            return found;
        }
        catch (CryptographicException error)
        {
            throw new InvalidDataException($"certificate-authority can't be read: {error.Message}", error);
        }
    }

    private static SslStreamCertificateContext Identity(string certificate, string key)
    {
        try
        {
            var chain = Certificates(certificate);
            chain.RemoveAt(0);
            return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certificate, key), chain, offline: true);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"the client certificate can't be used: {error.Message}", error);
        }
    }
}
