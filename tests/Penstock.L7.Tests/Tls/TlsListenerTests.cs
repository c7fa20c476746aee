// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.Tls;

public sealed class TlsListenerTests : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly TlsEngine _tls = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _tls.DisposeAsync();

    [Fact]
    public async Task Requests_OverTls_AreForwardedAsHttps()
    {
        Apply();
        using var client = _tls.Client();

        for (var i = 0; i < 3; i++)
        {
            using var answer = await client.GetAsync($"/a?{i}");
            var head = answer.Headers.GetValues("X-Head").Single();
            head.ShouldStartWith($"GET /a?{i} HTTP/1.1|Host: shop.example.com|");
            head.ShouldContain("|X-Forwarded-Proto: https|");
        }

        using var moved = await client.GetAsync("/old");
        moved.Headers.Location.ShouldBe(new Uri("https://new.example.com/old"));
    }

    [Fact]
    public async Task TenMegabytes_BothWays_ArriveWhole()
    {
        Apply();
        using var client = _tls.Client();
        var body = RandomNumberGenerator.GetBytes(10 << 20);

        using var answer = await client.PostAsync("/", new ByteArrayContent(body));

        (await answer.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(body).ShouldBeTrue();
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Records_SplitAtEveryByte_AreUnderstood(SslProtocols version)
    {
        Apply();
        const string request = "POST /x HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 5\r\n\r\nhello";
        for (var at = 0; at < 120; at++)
        {
            var stream = new SslStream(new SplitStream(await _tls.ConnectPlainAsync(), at: at == 0 ? null : at));
            await using var _ = stream;
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "shop.example.com", RemoteCertificateValidationCallback = (_, _, _, _) => true, EnabledSslProtocols = version });
            await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
            (await ReadAsync(stream, "hello")).ShouldStartWith("HTTP/1.1 200 OK\r\n");
        }
    }

    [Fact]
    public async Task Answer_ThatNobodyReads_WaitsAndThenArrivesWhole()
    {
        Apply();
        var body = RandomNumberGenerator.GetBytes(8 << 20);
        await using var stream = await _tls.ConnectAsync();
        var sending = Task.Run(async () =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {body.Length}\r\n\r\n"));
            await stream.WriteAsync(body);
        });

        // The origin answers when it has all; nothing is read until then.
        await sending.WaitAsync(s_patience);
        var received = new byte[body.Length + 4096];
        var length = 0;
        var head = -1;
        while (head < 0 || length < head + 4 + body.Length)
        {
            length += await stream.ReadAsync(received.AsMemory(length)).AsTask().WaitAsync(s_patience);
            head = received.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
        }

        received.AsSpan(head + 4, body.Length).SequenceEqual(body).ShouldBeTrue();
    }

    [Theory]
    [InlineData("shop.example.com", "shop.example.com")]
    [InlineData("SHOP.example.COM", "shop.example.com")]
    [InlineData("a.wild.example.com", "*.wild.example.com")]
    [InlineData("b.wild.example.com", "b.wild.example.com")]
    [InlineData("a.b.wild.example.com", "default.example.com")]
    [InlineData("wild.example.com", "default.example.com")]
    [InlineData("unknown.example.org", "default.example.com")]
    [InlineData("", "default.example.com")]
    public async Task Name_AskedFor_ChoosesTheCertificate(string asked, string got)
    {
        _tls.Apply(new ListenerTlsConfig
        {
            Certificates =
            [
                _tls.Certificate(["default.example.com"]), _tls.Certificate(["*.wild.example.com"], "wild"),
                _tls.Certificate(["b.wild.example.com"]), _tls.Certificate(["shop.example.com"]),
            ],
        });

        (await SubjectAsync(asked)).ShouldBe($"CN={got}");
    }

    [Theory]
    [InlineData("ECDHE-RSA-AES128-GCM-SHA256", "1.2.840.113549.1.1.1")]
    [InlineData("ECDHE-ECDSA-AES128-GCM-SHA256", "1.2.840.10045.2.1")]
    public async Task Certificates_OfBothKinds_ServeWhoTakesOne(string cipher, string kind)
    {
        _tls.Apply(new ListenerTlsConfig { Certificates = [_tls.Certificate(["shop.example.com"], "ec"), _tls.Certificate(["shop.example.com"], "rsa", rsa: true)] });
        var suite = Enum.Parse<TlsCipherSuite>("TLS_" + cipher.Replace("-AES128-GCM-", "_WITH_AES_128_GCM_", StringComparison.Ordinal).Replace('-', '_'));

        await using var stream = await _tls.ConnectAsync(options =>
        {
            options.EnabledSslProtocols = SslProtocols.Tls12;
            options.CipherSuitesPolicy = new CipherSuitesPolicy([suite]);
        });

        new X509Certificate2(stream.RemoteCertificate!).PublicKey.Oid.Value.ShouldBe(kind); // There is one after a handshake.
    }

    [Fact]
    public async Task Modern_RefusesTls12()
    {
        _tls.Apply(new ListenerTlsConfig { Certificates = [_tls.Certificate(["shop.example.com"])], Profile = TlsProfile.Modern });

        await using var stream = await _tls.ConnectAsync();
        stream.SslProtocol.ShouldBe(SslProtocols.Tls13);
        await Should.ThrowAsync<AuthenticationException>(() => _tls.ConnectAsync(options => options.EnabledSslProtocols = SslProtocols.Tls12));
    }

    [Fact]
    public async Task Protocols_ByAlpn_AreSettledOrRefused()
    {
        Apply();

        await using var stream = await _tls.ConnectAsync(options => options.ApplicationProtocols = [new("spdy/3"), SslApplicationProtocol.Http11]);
        stream.NegotiatedApplicationProtocol.ShouldBe(SslApplicationProtocol.Http11);
        await Should.ThrowAsync<AuthenticationException>(() => _tls.ConnectAsync(options => options.ApplicationProtocols = [new("spdy/3")]));
    }

    [Fact]
    public async Task PlainHttp_OnItsPort_IsToldSo()
    {
        Apply();
        await using var stream = await _tls.ConnectPlainAsync();
        await stream.WriteAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());

        var answer = await ReadToEndAsync(stream);

        answer.ShouldStartWith("HTTP/1.1 400 Bad Request\r\n");
        answer.ShouldEndWith("\r\n\r\nplain_http: This port speaks TLS: ask for it by https\n");
        answer.ShouldContain($"Content-Length: {answer.Length - answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) - 4}\r\n");
    }

    [Fact]
    public async Task PlainUpload_OnItsPort_IsToldSoBeforeItIsAllSent()
    {
        Apply();
        await using var stream = await _tls.ConnectPlainAsync();
        var sending = stream.WriteAsync(Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n{new string('x', 900_000)}"));

        (await ReadToEndAsync(stream)).ShouldStartWith("HTTP/1.1 400 Bad Request\r\n");
        await sending;
    }

    [Fact]
    public async Task Handshake_ThatStalls_EndsInTime()
    {
        _tls.Apply(new ListenerTlsConfig { Certificates = [_tls.Certificate(["shop.example.com"])] }, new ListenerTimeouts { Header = TimeSpan.FromMilliseconds(300) });
        await using var stream = await _tls.ConnectPlainAsync();
        await stream.WriteAsync(new byte[] { 0x16, 3, 1, 2, 0, 1 });

        (await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(s_patience)).ShouldBe(0);
    }

    [Fact]
    public async Task HostileBytes_OfAClientHello_CostOnlyTheirConnection()
    {
        Apply();
        var random = new Random(6);
        var seed = await ClientHelloAsync();
        for (var i = 0; i < 400; i++)
        {
            var bytes = seed.ToArray();
            for (var flips = 1 + (i % 8); flips > 0; flips--)
                bytes[random.Next(i % 2 == 0 ? 0 : 5, bytes.Length)] = (byte)random.Next(256);
            await using var stream = await _tls.ConnectPlainAsync();
            await stream.WriteAsync(bytes.AsMemory(0, random.Next(1, bytes.Length + 1)));
            stream.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            await ReadToEndAsync(stream);
        }

        using var client = _tls.Client();
        (await client.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Reload_WithAnotherCertificateInTheSameFiles_ServesItToNewConnections()
    {
        Apply();
        await using var before = await _tls.ConnectAsync();
        var first = before.RemoteCertificate!.GetCertHashString(); // As above.

        Apply();

        await using var after = await _tls.ConnectAsync();
        after.RemoteCertificate!.GetCertHashString().ShouldNotBe(first); // As above.
        await before.WriteAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
        (await ReadAsync(before, "\r\n\r\n")).ShouldStartWith("HTTP/1.1 200 OK\r\n");
    }

    [Fact]
    public async Task Reload_WithFilesThatDoNotMatch_IsRefusedAndChangesNothing()
    {
        Apply();
        var files = _tls.Certificate(["shop.example.com"]);
        File.Copy(_tls.Certificate(["other.example.com"]).Key, files.Key, overwrite: true);

        Should.Throw<L7ApplyException>(() => _tls.Apply(new ListenerTlsConfig { Certificates = [files] })).Message.ShouldStartWith($"listener https: tls: {files.Key}: ");

        await using var stream = await _tls.ConnectAsync();
        stream.IsAuthenticated.ShouldBeTrue();
    }

    [Fact]
    public async Task ClientCertificate_ThatIsRequired_GoesToTheEndpoint()
    {
        var (file, key) = _tls.Authority.Sign(["client.example.com"], "client", uris: "spiffe://example.com/ns/a/sa/b");
        using var certificate = X509Certificate2.CreateFromPemFile(file, key);
        _tls.Apply(new ListenerTlsConfig
        {
            Certificates = [_tls.Certificate(["shop.example.com"])],
            ClientCertificates = new ClientCertificatesConfig { Ca = _tls.Authority.CaFile },
        });
        using var client = _tls.Client(certificate: certificate);
        client.DefaultRequestHeaders.Add("X-Forwarded-Client-Cert", "Hash=forged");

        var head = (await client.GetAsync("/")).Headers.GetValues("X-Head").Single();

        var hash = Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));
        head.ShouldContain($"|X-Forwarded-Client-Cert: Hash={hash};Subject=\"CN=client.example.com\";URI=spiffe://example.com/ns/a/sa/b;DNS=client.example.com|");
        head.ShouldNotContain("forged");
        using var stranger = _tls.Client();
        await Should.ThrowAsync<HttpRequestException>(() => stranger.GetAsync("/"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ClientCertificate_FromOutside_IsBelievedOfTrustedProxiesOnly(bool trusted)
    {
        _tls.Apply(
            new ListenerTlsConfig
            {
                Certificates = [_tls.Certificate(["shop.example.com"])],
                ClientCertificates = new ClientCertificatesConfig { Ca = _tls.Authority.CaFile, Mode = ClientCertificateMode.Optional },
            },
            timeouts: null, http2: null, cluster: null,
            trusted ? ["127.0.0.0/8"] : []);
        using var client = _tls.Client();
        client.DefaultRequestHeaders.Add("X-Forwarded-Client-Cert", "Hash=told");

        (await client.GetAsync("/")).Headers.GetValues("X-Head").Single().Contains("Hash=told", StringComparison.Ordinal).ShouldBe(trusted);
    }

    private void Apply() => _tls.Apply(new ListenerTlsConfig { Certificates = [_tls.Certificate(["shop.example.com"])] });

    private async Task<string> SubjectAsync(string name)
    {
        await using var stream = await _tls.ConnectAsync(options =>
        {
            options.TargetHost = name;
            options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        });
        return stream.RemoteCertificate!.Subject; // There is one after a handshake.
    }

    private static async Task<byte[]> ClientHelloAsync()
    {
        using var memory = new MemoryStream();
        await using var stream = new SslStream(memory);
        await Should.ThrowAsync<Exception>(() => stream.AuthenticateAsClientAsync("shop.example.com"));
        return memory.ToArray();
    }

    private static async Task<string> ReadAsync(Stream stream, string end)
    {
        var text = new StringBuilder();
        var buffer = new byte[16 << 10];
        while (!text.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer).AsTask().WaitAsync(s_patience);
            read.ShouldBeGreaterThan(0);
            text.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        return text.ToString();
    }

    private static async Task<string> ReadToEndAsync(Stream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[16 << 10];
        try
        {
            while (await stream.ReadAsync(buffer).AsTask().WaitAsync(s_patience) is > 0 and var read)
                text.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // A reset.
        }

        return text.ToString();
    }
}
