// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography.X509Certificates;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Harness;

/// <summary>Debian's pebble: a CA that speaks ACME (RFC 8555), refuses one nonce in ten, and finds every name at 127.0.0.1.</summary>
internal sealed class PebbleServer : IAsyncDisposable
{
    private readonly Workplace _workplace = new();
    private readonly int _management = FreePort.Next();
    private ChildProcess? _pebble;
    private ChildProcess? _names;

    /// <summary>One that does not run yet.</summary>
    /// <param name="httpPort">Where it asks for http-01.</param>
    /// <param name="tlsPort">Where it asks for tls-alpn-01.</param>
    public PebbleServer(int httpPort, int tlsPort = 1)
    {
        using var authority = new TestAuthority(_workplace.Path);
        CaFile = authority.CaFile;
        var (certificate, key) = authority.Sign(["localhost"]);
        _workplace.Write("pebble.json", $$$"""
            {"pebble": {
              "listenAddress": "127.0.0.1:{{{Port}}}", "managementListenAddress": "127.0.0.1:{{{_management}}}",
              "certificate": "{{{certificate}}}", "privateKey": "{{{key}}}",
              "httpPort": {{{httpPort}}}, "tlsPort": {{{tlsPort}}}, "ocspResponderURL": "", "externalAccountBindingRequired": false}}
            """);
    }

    /// <summary>Port of its directory.</summary>
    public int Port { get; } = FreePort.Next();

    /// <summary>Certificate of the CA of its own certificate.</summary>
    public string CaFile { get; }

    /// <summary>What it has written.</summary>
    public string Output => _pebble?.Output ?? "";

    /// <summary>The section of a configuration that has certificates from it.</summary>
    public string Section => $"acme: {{directory: \"https://localhost:{Port}/dir\", ca: {CaFile}, terms_agreed: true, contact: ops@example.com}}";

    /// <summary>One that runs.</summary>
    public static async Task<PebbleServer> StartAsync(int httpPort, int tlsPort = 1)
    {
        var pebble = new PebbleServer(httpPort, tlsPort);
        await pebble.StartAsync();
        return pebble;
    }

    /// <summary>Starts it.</summary>
    public async Task StartAsync()
    {
        var (dns, admin) = (FreePort.Next(), FreePort.Next());
        _names = new ChildProcess(
            "pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", $"127.0.0.1:{dns}", "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", $"127.0.0.1:{admin}");
        _pebble = new ChildProcess(
            "env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=10", "pebble", "-config", Path.Combine(_workplace.Path, "pebble.json"), "-dnsserver", $"127.0.0.1:{dns}");
        await PeerReady.WaitAsync(_names, admin);
        await PeerReady.WaitAsync(_pebble, Port);
    }

    /// <summary>Stops it.</summary>
    public async Task StopAsync()
    {
        var (pebble, names) = (_pebble, _names);
        (_pebble, _names) = (null, null);
        if (pebble is not null)
            await pebble.DisposeAsync();
        if (names is not null)
            await names.DisposeAsync();
    }

    /// <summary>The certificate that all it issues goes back to; another after each start.</summary>
    public async Task<X509Certificate2> RootAsync()
    {
        using var client = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        return X509Certificate2.CreateFromPem(await client.GetStringAsync($"https://127.0.0.1:{_management}/roots/0"));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _workplace.Dispose();
    }
}
