// SPDX-License-Identifier: Apache-2.0
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Penstock.Peers.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Tls;

/// <summary>Certificates from a real CA by ACME.</summary>
public sealed class AcmeTests : IDisposable
{
    private const string Name = "shop.example.com", Other = "www.example.com";
    private readonly Workplace _kept = new();
    private readonly int _plain = FreePort.Next();

    private string Kept => Path.Combine(_kept.Path, "acme", "certificates", Name + ".pem");

    public void Dispose() => _kept.Dispose();

    [PeerFact("pebble", "pebble-challtestsrv")]
    public async Task Certificate_AtTheFirstStart_IsIssuedServedAndKept()
    {
        await using var pebble = await PebbleServer.StartAsync(_plain);
        await using var origin = RawOrigin.Answering();
        await using (var penstock = await PenstockProcess.StartAsync(Config(origin, pebble)))
        {
            using var shown = await ShownAsync(penstock, await pebble.RootAsync());
            shown.MatchesHostname(Other).ShouldBeTrue();
            await penstock.AwaitMetricAsync($"penstock_acme_orders_total{{certificate=\"{Kept}\",result=\"issued\"}} 1");
            (await penstock.MetricsAsync()).ShouldContain($"penstock_listener_certificate_expiry_seconds{{certificate=\"{Kept}\",listener=\"front\"}} ");
            (await StatusAsync(penstock)).ShouldNotContain("acme:");
            (await RawClient.AskAsync(_plain, "GET /.well-known/acme-challenge/of-nobody HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).StartLine.ShouldContain("404");
            penstock.Child.Output.ShouldNotContain("PRIVATE KEY");
        }

        foreach (var file in (string[])[Kept, Path.Combine(_kept.Path, "acme", "account.key")])
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        // Without the CA, the next daemon serves what is kept.
        var content = File.ReadAllText(Kept);
        using var root = await pebble.RootAsync();
        await pebble.StopAsync();
        await using var next = await PenstockProcess.StartAsync(Config(origin, pebble));
        using var again = await ShownAsync(next, root);
        File.ReadAllText(Kept).ShouldBe(content);
        (await StatusAsync(next)).ShouldNotContain("acme:");
    }

    [PeerFact("pebble", "pebble-challtestsrv")]
    public async Task Certificate_ByTlsAlpn_IsIssued()
    {
        var port = FreePort.Next();
        await using var pebble = await PebbleServer.StartAsync(httpPort: FreePort.Next(), tlsPort: port);
        await using var origin = RawOrigin.Answering();
        var config = Config(origin, pebble);
        await using var penstock = await PenstockProcess.StartAsync(config with { Port = port, Sections = [config.Sections[0].Replace("acme: {", "acme: {proof: tls_alpn, ", StringComparison.Ordinal)], Listeners = [], MoreRoutes = [] });

        using var shown = await ShownAsync(penstock, await pebble.RootAsync());

        // Nobody waits any more, and the protocol is one as unknown as any other.
        var options = new SslClientAuthenticationOptions { TargetHost = Name, ApplicationProtocols = [new SslApplicationProtocol("acme-tls/1")] };
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", port);
        await using var tls = new SslStream(socket.GetStream());
        await Should.ThrowAsync<AuthenticationException>(() => tls.AuthenticateAsClientAsync(options));
        await penstock.AwaitMetricAsync("penstock_listener_tls_handshakes_total{listener=\"front\",result=\"no_application_protocol\"} 1");
    }

    // As with a virtual address: the CA comes to the other host.
    [PeerFact("pebble", "pebble-challtestsrv")]
    public async Task Certificate_OfAHostThatTheCaDoesNotReach_IsProvenByItsPeer()
    {
        using var peers = new TestAuthority(_kept.Path, "peers");
        foreach (var node in (string[])["lb1", "lb2"])
            peers.Sign([node]);
        await using var pebble = await PebbleServer.StartAsync(_plain);
        await using var origin = RawOrigin.Answering();
        int[] ports = [FreePort.Next(), FreePort.Next()];
        string Channel(int own) => $"peers: {{listen: \"127.0.0.{own}:{ports[own - 1]}\", interval: 200ms, certificate: {_kept.Path}/lb{own}.crt, key: {_kept.Path}/lb{own}.key, ca: {peers.CaFile}, hosts: [{{name: lb{3 - own}, address: \"127.0.0.{3 - own}:{ports[2 - own]}\"}}]}}";
        var holder = Config(origin, pebble) with { Node = "lb1", State = null, Sections = [Channel(1)], Listener = [] };
        await using var lb1 = await PenstockProcess.StartAsync(holder);
        var config = Config(origin, pebble);
        await using var lb2 = await PenstockProcess.StartAsync(config with { Node = "lb2", Sections = [.. config.Sections, Channel(2)], Listeners = [], MoreRoutes = [] });

        using var shown = await ShownAsync(lb2, await pebble.RootAsync());
    }

    [PeerFact("pebble", "pebble-challtestsrv")]
    public async Task Renewal_UnderLoad_FailsNoRequest()
    {
        using (var authority = new TestAuthority(_kept.Path))
        {
            var (certificate, key) = authority.Sign([Name, Other], days: 1);
            Directory.CreateDirectory(Path.GetDirectoryName(Kept)!);
            File.WriteAllText(Kept, File.ReadAllText(certificate) + File.ReadAllText(key));
        }

        await using var pebble = new PebbleServer(_plain);
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(Config(origin, pebble));
        using var stop = new CancellationTokenSource();
        var served = 0;
        var clients = Enumerable.Range(0, 4).Select(i => Task.Run(async () =>
        {
            using var client = Client(penstock.Port, keeps: i % 2 == 0);
            while (!stop.IsCancellationRequested)
            {
                (await client.GetStringAsync("/")).ShouldBe("ok");
                Interlocked.Increment(ref served);
            }
        })).ToArray();
        await Eventually.TrueAsync(() => Volatile.Read(ref served) > 20 || Array.Exists(clients, client => client.IsFaulted), penstock.Child.Output);

        await pebble.StartAsync();
        using var shown = await ShownAsync(penstock, await pebble.RootAsync());
        var before = Volatile.Read(ref served);
        await Eventually.TrueAsync(() => Volatile.Read(ref served) > before + 20 || Array.Exists(clients, client => client.IsFaulted), penstock.Child.Output);
        await stop.CancelAsync();

        await Task.WhenAll(clients);
    }

    [PeerFact("pebble", "pebble-challtestsrv")]
    public async Task Start_WhileTheCaIsDown_RefusesHandshakesUntilItIsThere()
    {
        await using var pebble = new PebbleServer(_plain);
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(Config(origin, pebble));

        await Should.ThrowAsync<AuthenticationException>(() => HandshakeAsync(penstock.Port));
        await penstock.AwaitMetricAsync("penstock_listener_tls_handshakes_total{listener=\"front\",result=\"no_certificate_yet\"} 1");
        await Eventually.TrueAsync(async () => (await StatusAsync(penstock)).Contains($"the CA at localhost:{pebble.Port} can't be asked: ", StringComparison.Ordinal), TimeSpan.FromSeconds(30), () => penstock.Child.Output);
        (await StatusAsync(penstock)).ShouldContain($"acme: {Name}, {Other}: there is no certificate yet");

        await pebble.StartAsync();
        using var shown = await ShownAsync(penstock, await pebble.RootAsync());
    }

    [PeerFact("pebble", "pebble-challtestsrv")]
    public async Task Challenge_ThatTheCaIsNotAnswered_IsToldInItsWords()
    {
        await using var pebble = await PebbleServer.StartAsync(FreePort.Next());
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(Config(origin, pebble));

        await penstock.AwaitMetricAsync($"penstock_acme_failures{{certificate=\"{Kept}\"}} 1");

        var status = await StatusAsync(penstock);
        status.ShouldContain("the CA could not prove ");
        status.ShouldContain(" by http-01: the authorization is invalid: urn:ietf:params:acme:error:connection "); // of either name
        penstock.Child.Output.ShouldContain("urn:ietf:params:acme:error:connection");
    }

    private ProxyConfig Config(RawOrigin origin, PebbleServer pebble) => ProxyConfig.For(origin) with
    {
        State = _kept.Path,
        Sections = [pebble.Section],
        Listener = [$"tls: {{certificates: [{{acme: [{Name}, {Other}]}}]}}"],
        Listeners = ["- name: plain", $"  bind: \"127.0.0.1:{_plain}\"", "  routes: none"],
        Routes = ["- to: [{cluster: main}]"],
        MoreRoutes = ["none: [{respond: {status: 404}}]"],
    };

    private static async Task<string> StatusAsync(PenstockProcess penstock) =>
        (await ChildProcess.RunAsync(Programs.Penstock, "status", "--socket", penstock.AdminAddress.ToString()!)).Output;

    // What is shown once it goes back to a root.
    private static async Task<X509Certificate2> ShownAsync(PenstockProcess penstock, X509Certificate2 root)
    {
        X509Certificate2? shown = null;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    shown = await HandshakeAsync(penstock.Port, root);
                    return true;
                }
                catch (AuthenticationException)
                {
                    return false;
                }
            },
            TimeSpan.FromSeconds(60),
            () => penstock.Child.Output);
        root.Dispose();
        return shown!; // it was set
    }

    private static async Task<X509Certificate2> HandshakeAsync(int port, X509Certificate2? root = null)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", port);
        await using var tls = new SslStream(socket.GetStream());
        var options = new SslClientAuthenticationOptions { TargetHost = Name };
        if (root is not null)
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { root } };
        await tls.AuthenticateAsClientAsync(options);
        return new X509Certificate2(tls.RemoteCertificate!); // one was verified
    }

    private static HttpClient Client(int port, bool keeps) => new(new SocketsHttpHandler
    {
        PooledConnectionLifetime = keeps ? Timeout.InfiniteTimeSpan : TimeSpan.Zero,
        SslOptions = { TargetHost = Name, RemoteCertificateValidationCallback = (_, _, _, _) => true },
    })
    {
        BaseAddress = new Uri($"https://127.0.0.1:{port}"),
        Timeout = TimeSpan.FromSeconds(60),
    };
}
