// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Penstock.Config;
using Penstock.Config.Reading;
using Penstock.Daemon.Peers;
using Penstock.Model;
using Penstock.Model.Peers;
using Penstock.Telemetry.Http;
using Penstock.Tests;

namespace Penstock.Daemon.Tests.Peers;

/// <summary>Who may ask and who is believed, over real sockets and TLS.</summary>
public sealed class PeerChannelTests : IAsyncLifetime
{
    private const string Config = """
        node: lb1
        l4:
          interface: lo
          hash_seed: 770077
          services: [{name: web, listen: "tcp://203.0.113.10:443", forwarding: dsr-ipip, backends: [{address: 10.0.0.11, weight: 4711}]}]
        """;

    private static readonly string s_key = new('a', ConfigDigest.KeyBytes * 2);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-peers-").FullName;
    private readonly TestAuthority _authority;
    private readonly RecordingLogger<PeerTier> _log = new();
    private readonly SharedConfig _config = new(ConfigLoader.Parse([new ConfigFile("a.yaml", Encoding.UTF8.GetBytes(Config))]).Config.ShouldNotBeNull(), TimeProvider.System);
    private readonly PeerListener _listener;
    private readonly int _port;

    public PeerChannelTests()
    {
        _authority = new TestAuthority(_folder);
        var api = new PeerApi(() => _config, root => new PeerReport("lb1", "1", "running", 3, DateTimeOffset.UnixEpoch, 0, root, []));
        _listener = new PeerListener(api.HandleAsync, _log, TimeProvider.System);
        _port = _listener.Open(new IPEndPoint(IPAddress.Loopback, 0), new PeerTls(Identity("lb1"), TimeProvider.System), ["lb2"], []).Port;
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _listener.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Peer_WithItsCertificate_IsAnswered_WithoutAnyValue()
    {
        using var client = Client(Identity("lb2"));

        var report = await client.AskAsync(CancellationToken.None);
        report.Generation.ShouldBe(3);
        report.ConfigDigest.ShouldBe(_config.Digest(s_key).Root);
        var digest = await client.DigestAsync(CancellationToken.None);
        digest.Root.ShouldBe(report.ConfigDigest);
        digest.Level.ShouldBe(DigestLevel.Keys);

        // Names and addresses stand in paths; what is set there is in hashes alone.
        digest.Entries.Keys.ShouldContain("l4.hash_seed");
        digest.Entries.Keys.ShouldContain("l4.services[web].backends[10.0.0.11].weight");
        foreach (var value in new[] { "770077", "203.0.113.10", "dsr-ipip", "4711" })
        {
            foreach (var resource in new[] { "/v1/peer", "/v1/peer/config" })
                (await AnswerAsync(resource)).ShouldNotContain(value);
        }

        _listener.Refusals.ShouldBeEmpty();
    }

    [Fact]
    public async Task Peer_OfAnotherAuthority_IsRefusedByBoth()
    {
        using var stranger = new TestAuthority(_folder, "stranger");
        var identity = Identity("lb2", stranger);

        (await FaultAsync(Client(identity))).Message.ShouldBe("the certificate of lb1 is not signed by the CA");

        // One that believes this host, and is not believed itself.
        var (certificate, key) = stranger.Sign(["lb2"], "half");
        using var own = X509Certificate2.CreateFromPemFile(certificate, key);
        await RefusedAsync(own, SslProtocols.Tls13, PeerFaultKind.Certificate, "the certificate of lb2 is not signed by the CA");
    }

    [Fact]
    public async Task Peer_WithTheNameOfNoPeer_IsRefused()
    {
        using var other = Load("lb3");
        await RefusedAsync(other, SslProtocols.Tls13, PeerFaultKind.Certificate, "the certificate is for lb3, not for lb2");
        (await FaultAsync(Client(Identity("lb3")))).Kind.ShouldBe(PeerFaultKind.Closed);
    }

    [Fact]
    public async Task Peer_WithoutACertificate_IsRefused() => await RefusedAsync(certificate: null, SslProtocols.Tls13, PeerFaultKind.Certificate, "no certificate was shown");

    [Fact]
    public async Task Peer_WithACertificateThatHasEnded_IsRefused()
    {
        using var old = Load("lb2", days: -1);
        await RefusedAsync(old, SslProtocols.Tls13, PeerFaultKind.Certificate, "the certificate of lb2 is valid from ");
    }

    [Fact]
    public async Task Connection_EndsWithTheCertificateItWasOpenedBy()
    {
        var time = new ManualTimeProvider();
        time.Advance(DateTimeOffset.UtcNow.AddYears(1) - time.GetUtcNow()); // the handshake goes by the system's clock
        await using var listener = new PeerListener((_, _) => throw new InvalidOperationException("nobody gets so far"), _log, TimeProvider.System);
        var port = listener.Open(new IPEndPoint(IPAddress.Loopback, 0), new PeerTls(Identity("lb1"), time), ["lb2"], []).Port;

        var fault = await FaultAsync(new PeerClient(new PeerHostConfig { Name = "lb1", Address = SocketEndpoint.Ip(IPAddress.Loopback, port) }, new PeerTls(Identity("lb2"), TimeProvider.System), s_key, s_patience));

        fault.Kind.ShouldBe(PeerFaultKind.Closed);
    }

    [Fact]
    public async Task Handshakes_AreBounded_ThoseOfStrangersApartFromThoseOfPeers()
    {
        await using var listener = new PeerListener((_, _) => ValueTask.FromResult(ControlHttpResponse.Text(200, "")), _log, new ManualTimeProvider());
        var known = listener.Open(new IPEndPoint(IPAddress.Any, 0), new PeerTls(Identity("lb1"), TimeProvider.System), ["lb2"], [IPAddress.Loopback]).Port;
        for (var i = 0; i < 70; i++)
        {
            using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            stranger.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
            await stranger.ConnectAsync(new IPEndPoint(IPAddress.Loopback, known));
            await stranger.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
            await EndAsync(stranger);
        }

        listener.Refusals.Single(one => one.Kind == PeerFaultKind.Busy).Count.ShouldBe(6);
        var fault = await FaultAsync(new PeerClient(new PeerHostConfig { Name = "lb1", Address = SocketEndpoint.Ip(IPAddress.Loopback, known) }, new PeerTls(Identity("lb2"), TimeProvider.System), s_key, s_patience));
        fault.Kind.ShouldBe(PeerFaultKind.Answer, "it has been let in");
    }

    [Fact]
    public void Digests_ForEverNewKeys_AreBounded()
    {
        var time = new ManualTimeProvider();
        var config = new SharedConfig(_config.Config, time);
        string Key(int i) => i.ToString("x64", System.Globalization.CultureInfo.InvariantCulture);
        var first = config.TryDigest(Key(0)).ShouldNotBeNull();
        for (var i = 1; i < 32; i++)
            config.TryDigest(Key(i)).ShouldNotBeNull();

        config.TryDigest(Key(32)).ShouldBeNull();
        config.TryDigest(Key(0)).ShouldBeSameAs(first, "who asks by the same key again is answered");
        time.Advance(TimeSpan.FromSeconds(1));
        config.TryDigest(Key(0)).ShouldBeSameAs(first);
        config.TryDigest(Key(32)).ShouldNotBeNull();
        config.TryDigest(Key(33)).ShouldNotBeNull();
        config.TryDigest(Key(34)).ShouldBeNull();
        config.TryDigest(Key(0)).ShouldBeSameAs(first, "those that nobody asks for have made room");
    }

    [Fact]
    public async Task Peer_WhoseAuthorityHasEnded_IsToldSo()
    {
        using var old = new TestAuthority(_folder, "old", days: -1);
        await using var listener = new PeerListener((_, _) => throw new InvalidOperationException("nobody gets so far"), _log, TimeProvider.System);
        var port = listener.Open(new IPEndPoint(IPAddress.Loopback, 0), new PeerTls(Identity("lb1", old), TimeProvider.System), ["lb2"], []).Port;

        var fault = await FaultAsync(new PeerClient(new PeerHostConfig { Name = "lb1", Address = SocketEndpoint.Ip(IPAddress.Loopback, port) }, new PeerTls(Identity("lb2", old), TimeProvider.System), s_key, s_patience));

        fault.Kind.ShouldBe(PeerFaultKind.Certificate);
        fault.Message.ShouldStartWith("old of tests, by which the certificate of lb1 is signed, is valid from ");
    }

    [Fact]
    public async Task Peer_WithOlderTls_IsRefused()
    {
        using var own = Load("lb2");
        await RefusedAsync(own, SslProtocols.Tls12, PeerFaultKind.Tls, "no TLS 1.3 handshake");
    }

    [Fact]
    public async Task PlainHttp_IsRefused()
    {
        using var socket = await ConnectAsync();
        await socket.SendAsync("GET /v1/peer HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
        await RefusalAsync(PeerFaultKind.Tls, "no TLS 1.3 handshake");
        await EndAsync(socket);
    }

    [Fact]
    public async Task Host_ThatIsAnotherNode_IsNotBelieved()
    {
        var fault = await FaultAsync(Client(Identity("lb2"), "lb9"));

        fault.Kind.ShouldBe(PeerFaultKind.Certificate);
        fault.Message.ShouldBe("the certificate is for lb1, not for lb9");
    }

    [Fact]
    public async Task Host_ThatDoesNotListen_OrAnswer_IsToldApart()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound, so that nobody else takes it, and not listening
        var peer = new PeerHostConfig { Name = "lb1", Address = SocketEndpoint.Ip(IPAddress.Loopback, ((IPEndPoint)closed.LocalEndPoint!).Port) };
        using var nobody = new PeerClient(peer, new PeerTls(Identity("lb2"), TimeProvider.System), s_key, s_patience);
        (await Should.ThrowAsync<PeerFaultException>(() => nobody.AskAsync(CancellationToken.None))).Kind.ShouldBe(PeerFaultKind.Refused);

        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();
        peer = peer with { Address = SocketEndpoint.Ip(IPAddress.Loopback, ((IPEndPoint)silent.LocalEndPoint!).Port) };
        using var slow = new PeerClient(peer, new PeerTls(Identity("lb2"), TimeProvider.System), s_key, TimeSpan.FromMilliseconds(200));
        var fault = await Should.ThrowAsync<PeerFaultException>(() => slow.AskAsync(CancellationToken.None));
        fault.Kind.ShouldBe(PeerFaultKind.Timeout);
        fault.Message.ShouldBe("no answer within 0.2 s");
    }

    [Theory]
    [InlineData("POST /v1/peer?key=KEY HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 ")]
    [InlineData("POST /v1/reload HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 ")]
    [InlineData("GET /v1/config HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 ")]
    [InlineData("GET /v1/peer HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET /v1/peer?key=KEYa HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET /v1/peer?key=KEY HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 413 ")]
    [InlineData("GET /v1/peer?key=KEY HTTP/1.1\r\nHost: a\r\nBig: 5000\r\n\r\n", "HTTP/1.1 431 ")]
    [InlineData("GET /v1/peer?key=KEY HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ")]
    public async Task Request_IsAnsweredWithinTheRules(string request, string answer)
    {
        using var own = Load("lb2");
        using var socket = await ConnectAsync();
        await using var tls = await HandshakeAsync(socket, own, SslProtocols.Tls13);
        await tls.WriteAsync(Encoding.ASCII.GetBytes(request.Replace("KEY", s_key, StringComparison.Ordinal).Replace("5000", new string('x', 5000), StringComparison.Ordinal)));

        var buffer = new byte[4096];
        var read = await tls.ReadAtLeastAsync(buffer, answer.Length, throwOnEndOfStream: false).AsTask().WaitAsync(s_patience);
        Encoding.ASCII.GetString(buffer, 0, read).ShouldStartWith(answer);
    }

    [Fact]
    public async Task Clients_WhoDoNotShowWhoTheyAre_KeepNoPeerOut()
    {
        using var client = Client(Identity("lb2"));
        await client.AskAsync(CancellationToken.None);
        var silent = new List<Socket>();
        for (var i = 0; i < PeerListener.Limits.Connections * 2; i++)
            silent.Add(await ConnectAsync());

        // The connection that was there lives on, a new one is taken, and those who say nothing are ended in time.
        (await client.AskAsync(CancellationToken.None)).Node.ShouldBe("lb1");
        using var another = Client(Identity("lb2"));
        (await another.AskAsync(CancellationToken.None)).Node.ShouldBe("lb1");
        foreach (var socket in silent)
        {
            await EndAsync(socket);
            socket.Dispose();
        }
    }

    private static async Task EndAsync(Socket socket)
    {
        var buffer = new byte[256];
        try
        {
            while (await socket.ReceiveAsync(buffer).WaitAsync(s_patience) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Reset: an end as well.
        }
    }

    private static async Task<PeerFaultException> FaultAsync(PeerClient client)
    {
        using (client)
            return await Should.ThrowAsync<PeerFaultException>(() => client.AskAsync(CancellationToken.None));
    }

    private static async Task<SslStream> HandshakeAsync(Socket socket, X509Certificate2? certificate, SslProtocols version)
    {
        var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "lb1",
            EnabledSslProtocols = version,
            ClientCertificates = certificate is null ? null : [certificate],
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        }).WaitAsync(s_patience);
        return tls;
    }

    private TlsIdentity Identity(string name, TestAuthority? authority = null)
    {
        var by = authority ?? _authority;
        var (certificate, key) = by.Sign([name], Guid.NewGuid().ToString("N"));
        var faults = new List<TlsFault>();
        return TlsIdentity.Read(certificate, key, by.CaFile, name, TimeProvider.System.GetUtcNow(), faults).ShouldNotBeNull(string.Join('\n', faults));
    }

    private X509Certificate2 Load(string name, int days = 100)
    {
        var (certificate, key) = _authority.Sign([name], Guid.NewGuid().ToString("N"), days);
        return X509Certificate2.CreateFromPemFile(certificate, key);
    }

    private PeerClient Client(TlsIdentity identity, string node = "lb1") =>
        new(new PeerHostConfig { Name = node, Address = SocketEndpoint.Ip(IPAddress.Loopback, _port) }, new PeerTls(identity, TimeProvider.System), s_key, s_patience);

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _port));
        return socket;
    }

    private async Task<string> AnswerAsync(string resource)
    {
        using var own = Load("lb2");
        using var socket = await ConnectAsync();
        await using var tls = await HandshakeAsync(socket, own, SslProtocols.Tls13);
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"GET {resource}?key={s_key} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(tls);
        var answer = await reader.ReadToEndAsync().WaitAsync(s_patience);
        answer.ShouldStartWith("HTTP/1.1 200 ");
        return answer;
    }

    private async Task RefusedAsync(X509Certificate2? certificate, SslProtocols version, PeerFaultKind kind, string reason)
    {
        using var socket = await ConnectAsync();
        try
        {
            // With TLS 1.3 the client is done before the server has judged it: it learns by the end.
            await using var tls = await HandshakeAsync(socket, certificate, version);
            await tls.WriteAsync("GET /v1/peer HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
            (await tls.ReadAsync(new byte[64]).AsTask().WaitAsync(s_patience)).ShouldBe(0);
        }
        catch (Exception error) when (error is IOException or AuthenticationException)
        {
            // As it should be.
        }

        await RefusalAsync(kind, reason);
    }

    private async Task RefusalAsync(PeerFaultKind kind, string reason)
    {
        var waiting = Stopwatch.StartNew();
        while (!_log.Messages.Any(message => message.Text.Contains(reason)) && waiting.Elapsed < s_patience)
            await Task.Delay(10);
        _listener.LastRefusal.ShouldNotBeNull().ShouldStartWith($"127.0.0.1 was refused at the peers' channel: {reason}");
        _listener.Refusals.ShouldContain(refusal => refusal.Kind == kind && refusal.Count > 0);
        _log.Messages.ShouldContain(message => message.Text.Contains(reason));
    }
}
