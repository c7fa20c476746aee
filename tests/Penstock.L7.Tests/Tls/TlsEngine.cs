// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.L7.Tests.Tls;

/// <summary>An engine with one listener that speaks TLS, in front of an <see cref="EchoOrigin"/>; and clients of it.</summary>
internal sealed class TlsEngine : IAsyncDisposable
{
    private EchoOrigin _origin = new();
    private long _generation;

    /// <summary>One that serves nothing yet.</summary>
    /// <param name="loggers">Where it logs; null: nowhere.</param>
    public TlsEngine(ILoggerFactory? loggers = null)
    {
        Engine = new L7Engine(loggers ?? NullLoggerFactory.Instance, DescriptorShares.OfProcess());
        Folder = Directory.CreateTempSubdirectory("penstock-tls-").FullName;
        Authority = new TestAuthority(Folder);
    }

    /// <summary>Where its certificates are.</summary>
    public string Folder { get; }

    /// <summary>Who has signed them.</summary>
    public TestAuthority Authority { get; }

    /// <summary>The engine.</summary>
    public L7Engine Engine { get; }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address => IPEndPoint.Parse(Engine.Status().Listeners[0].Bind);

    /// <summary>Makes a certificate.</summary>
    public CertificateConfig Certificate(string[] names, string? file = null, bool rsa = false)
    {
        var (certificate, key) = Authority.Sign(names, file, rsa: rsa);
        return new CertificateConfig { Cert = certificate, Key = key };
    }

    /// <summary>Has another origin answer, which speaks TLS with this certificate.</summary>
    public void SecureOrigin(CertificateConfig certificate, X509Certificate2? clientAuthority = null)
    {
        _origin.Dispose();
        using var read = X509Certificate2.CreateFromPemFile(certificate.Cert, certificate.Key);
        _origin = new EchoOrigin(new SslServerAuthenticationOptions
        {
            ServerCertificate = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), password: null),
            ClientCertificateRequired = clientAuthority is not null,
            RemoteCertificateValidationCallback = (_, shown, _, _) => clientAuthority is null || string.Equals(shown?.Issuer, clientAuthority.Subject, StringComparison.Ordinal),
        });
    }

    /// <summary>Serves by this, from now on.</summary>
    public void Apply(ListenerTlsConfig tls, ListenerTimeouts? timeouts = null, Http2Config? http2 = null, ClusterTlsConfig? cluster = null, params string[] trusted) =>
        Engine.Apply(Snapshot(tls, timeouts, http2, cluster, trusted));

    /// <summary>What <see cref="Apply"/> serves.</summary>
    public Snapshot Snapshot(ListenerTlsConfig tls, ListenerTimeouts? timeouts = null, Http2Config? http2 = null, ClusterTlsConfig? cluster = null, params string[] trusted)
    {
        var endpoint = SocketEndpoint.Ip(_origin.Address.Address, _origin.Address.Port);
        var listener = new ListenerConfig
        {
            Name = "https",
            Bind = SocketEndpoint.Ip(IPAddress.Loopback, 0),
            Routes = "main",
            Tls = tls,
            Timeouts = timeouts ?? new ListenerTimeouts(),
            Http2 = http2 ?? new Http2Config(),
            TrustedProxies = [.. trusted.Select(IPNetwork.Parse)],
        };
        var config = new ApplianceConfig
        {
            Node = "lb1",
            L7 = new L7Config
            {
                Reactors = 1,
                Listeners = [listener],
                Routes = ImmutableSortedDictionary<string, ImmutableArray<RouteConfig>>.Empty.Add(
                    "main",
                    [
                        new RouteConfig { Name = "old", Match = new RouteMatch { PathPrefix = "/old" }, Redirect = new RedirectAction { Host = "new.example.com" } },
                        new RouteConfig { Name = "all", To = [new WeightedCluster("a")] },
                    ]),
                Clusters = ImmutableSortedDictionary<string, ClusterConfig>.Empty.Add("a", new ClusterConfig { Name = "a", Endpoints = [new EndpointConfig(endpoint)], Tls = cluster }),
            },
        };
        return new Snapshot(++_generation, config, ImmutableDictionary<string, ClusterEndpoints>.Empty.Add("a", new ClusterEndpoints("a", [new Endpoint(endpoint, 1, EndpointState.Ready)])));
    }

    /// <summary>A client that believes the authority.</summary>
    /// <param name="wrap">Puts something between TLS and the socket.</param>
    /// <param name="certificate">The client's own certificate.</param>
    public HttpClient Client(Func<Stream, Stream>? wrap = null, X509Certificate2? certificate = null)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(Address, cancellation);
                var stream = new NetworkStream(socket, ownsSocket: true);
                return wrap is null ? stream : wrap(stream);
            },
        };
        handler.SslOptions.CertificateChainPolicy = Policy();
        if (certificate is not null)
            handler.SslOptions.ClientCertificates = [certificate];
        return new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(60), BaseAddress = new Uri("https://shop.example.com") };
    }

    /// <summary>A connection on which TLS has been agreed upon.</summary>
    public async Task<SslStream> ConnectAsync(Action<SslClientAuthenticationOptions>? change = null)
    {
        var stream = new SslStream(await ConnectPlainAsync());
        var options = new SslClientAuthenticationOptions { TargetHost = "shop.example.com", CertificateChainPolicy = Policy() };
        change?.Invoke(options);
        await stream.AuthenticateAsClientAsync(options).WaitAsync(TimeSpan.FromSeconds(60));
        return stream;
    }

    /// <summary>A connection without TLS.</summary>
    public async Task<NetworkStream> ConnectPlainAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(Address);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _origin.Dispose();
        Authority.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(Authority.CaFile));
        return policy;
    }
}
