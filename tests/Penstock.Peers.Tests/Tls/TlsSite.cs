// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Penstock.Peers.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Tls;

/// <summary>A folder with an authority and the certificate of <c>shop.test</c>, and clients that believe it.</summary>
internal sealed class TlsSite : IDisposable
{
    /// <summary>Name that the certificate is for.</summary>
    public const string Name = "shop.test";

    private readonly Workplace _workplace = new();
    private readonly TestAuthority _authority;

    public TlsSite()
    {
        _authority = new TestAuthority(_workplace.Path);
        Renew();
    }

    /// <summary>The folder.</summary>
    public string Folder => _workplace.Path;

    /// <summary>Certificate of the authority.</summary>
    public string CaFile => _authority.CaFile;

    /// <summary>The certificate.</summary>
    public string Certificate => Path.Combine(Folder, Name + ".crt");

    /// <summary>Its key.</summary>
    public string Key => Path.Combine(Folder, Name + ".key");

    /// <summary>Puts another certificate and key into the same files.</summary>
    public void Renew(int days = 100, bool rsa = false) => _authority.Sign([Name], days: days, rsa: rsa);

    /// <summary>Another certificate of the authority, and its key.</summary>
    /// <param name="name">DNS name that it is for.</param>
    /// <param name="uris">URIs that it is for, too.</param>
    public (string Certificate, string Key) Sign(string name, params string[] uris) => _authority.Sign([name], uris: uris);

    /// <summary>Writes a file that only its owner can read.</summary>
    public string Write(string name, string text)
    {
        var path = _workplace.Write(name, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    /// <summary>A proxy that serves it.</summary>
    /// <param name="origin">Where requests go.</param>
    /// <param name="more">Further keys of the listener's tls, each with a comma before it.</param>
    public ProxyConfig Config(RawOrigin origin, string more = "") => Config([origin.Endpoint], more);

    /// <summary>A proxy that serves it.</summary>
    /// <param name="endpoints">Where requests go.</param>
    /// <param name="more">As above.</param>
    public ProxyConfig Config(IReadOnlyList<string> endpoints, string more = "") => new()
    {
        Endpoints = endpoints,
        Listener = [$"tls: {{certificates: [{{cert: {Certificate}, key: {Key}}}]{more}}}"],
    };

    /// <summary>Runs curl against a port.</summary>
    public Task<(int ExitCode, string Output)> CurlAsync(int port, params string[] arguments) => ChildProcess.RunAsync(
        "curl", ["-sS", "--max-time", "60", "--cacert", CaFile, "--resolve", $"{Name}:{port}:127.0.0.1", .. arguments, $"https://{Name}:{port}/"]);

    /// <summary>Runs a line of shell with openssl's client as <c>$S</c>, for a port.</summary>
    public Task<(int ExitCode, string Output)> OpensslAsync(int port, string line) => ChildProcess.RunAsync(
        "bash", "-c", $"S='openssl s_client -connect 127.0.0.1:{port} -servername {Name} -CAfile {CaFile} -verify_return_error'; cd {Folder}; {line}");

    /// <summary>Asks by openssl's client, which keeps sessions where its arguments say. The answer ends the connection: until then it also takes the tickets of TLS 1.3.</summary>
    /// <param name="port">Whom.</param>
    /// <param name="arguments">Further arguments of <c>openssl s_client</c>, in the folder.</param>
    public async Task<string> AskAsync(int port, string arguments)
    {
        var (code, output) = await OpensslAsync(port, $"printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n' | $S {arguments} -ign_eof 2>&1");
        code.ShouldBe(0, output);
        output.ShouldContain("HTTP/1.1 200 OK");
        return output;
    }

    /// <summary>A client.</summary>
    /// <param name="port">Of whom.</param>
    /// <param name="keeps">Whether it keeps its connections.</param>
    public HttpClient Client(int port, bool keeps)
    {
        var handler = new SocketsHttpHandler
        {
            PooledConnectionLifetime = keeps ? Timeout.InfiniteTimeSpan : TimeSpan.Zero,
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync("127.0.0.1", port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(CaFile));
        handler.SslOptions.CertificateChainPolicy = policy;
        return new HttpClient(handler) { BaseAddress = new Uri($"https://{Name}:{port}"), Timeout = TimeSpan.FromSeconds(60) };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _authority.Dispose();
        _workplace.Dispose();
    }
}
