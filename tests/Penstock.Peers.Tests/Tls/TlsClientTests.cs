// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using Penstock.Peers.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Tls;

/// <summary>Real clients over TLS.</summary>
public sealed class TlsClientTests : IDisposable
{
    private readonly TlsSite _site = new();

    public void Dispose() => _site.Dispose();

    [PeerFact("curl")]
    public async Task Curl_GetAndUploads_AreAnswered()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(_site.Config(origin));
        var file = _site.Write("body", new string('x', 3_000_000));

        (await _site.CurlAsync(penstock.Port)).ShouldBe((0, "ok\n"));
        (await _site.CurlAsync(penstock.Port, "--tls-max", "1.2")).ShouldBe((0, "ok\n"));
        (await _site.CurlAsync(penstock.Port, "-T", file, "-H", "Transfer-Encoding: chunked")).ShouldBe((0, "ok\n"));
        (await _site.CurlAsync(penstock.Port, "--data-binary", "@" + file)).ShouldBe((0, "ok\n"));

        origin.Requests.Count.ShouldBe(4);
        origin.Requests.ShouldAllBe(request => request.Complete && string.Equals(request.Value("X-Forwarded-Proto"), "https", StringComparison.Ordinal));
        origin.Requests[^1].Body.Length.ShouldBe(3_000_000);
        await penstock.AwaitMetricAsync("penstock_listener_tls_handshakes_total{listener=\"front\",result=\"full\"} 4");
    }

    [PeerFact("curl")]
    public async Task Curl_ByAlpn_SpeaksWhatItOffers()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(_site.Config(origin));

        foreach (var (offer, spoken) in ((string, string)[])[("--http2", "2"), ("--http1.1", "1.1"), ("--no-alpn", "1.1")])
        {
            foreach (var version in (string[])["1.2", "1.3"])
                (await _site.CurlAsync(penstock.Port, offer, "--tls-max", version, "-w", " %{http_version}")).ShouldBe((0, $"ok {spoken}\n"));
        }
    }

    [PeerFact("h2load", "nginx")]
    public async Task H2load_OfEitherVersion_FailsNothing()
    {
        await using var nginx = await NginxServer.OriginAsync();
        await using var penstock = await PenstockProcess.StartAsync(_site.Config([nginx.Endpoint]));

        foreach (var (client, spoken) in ((string[], string)[])[(["-m", "32"], "h2"), (["--h1"], "http/1.1")])
        {
            var load = await H2loadRun.StartTls(penstock, [.. client, "-n", "5000", "-c", "20"]);
            await load.ShouldHaveFailedNothingAsync(5000, penstock);
            load.Output.ShouldContain($"Application protocol: {spoken}\n");
        }
    }

    [PeerFact("openssl")]
    public async Task Openssl_SecondConnection_GoesOnWithTheFirst()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(_site.Config(origin));

        foreach (var version in (string[])["-tls1_2", "-tls1_3"])
        {
            (await _site.AskAsync(penstock.Port, $"{version} -sess_out session")).ShouldContain("\nNew, ");
            (await _site.AskAsync(penstock.Port, $"{version} -sess_in session")).ShouldContain("\nReused, ");
        }

        // A ticket of TLS 1.3 is for one connection: that has one for the next.
        (await _site.AskAsync(penstock.Port, "-tls1_3 -sess_in session -sess_out next")).ShouldContain("\nReused, ");
        (await _site.AskAsync(penstock.Port, "-tls1_3 -sess_in next")).ShouldContain("\nReused, ");

        await penstock.AwaitMetricAsync("penstock_listener_tls_handshakes_total{listener=\"front\",result=\"resumed\"} 4");
    }

    [PeerFact("openssl")]
    public async Task Openssl_SessionOfAnotherHostWithTheSameKeys_GoesOn()
    {
        var (first, second) = (NewKey(), NewKey());
        var shared = _site.Write("tickets", $"{first}\n");
        await using var origin = RawOrigin.Answering();
        await using var one = await PenstockProcess.StartAsync(_site.Config(origin, $", session_ticket_keys: {shared}"));
        await using var other = await PenstockProcess.StartAsync(_site.Config(origin, $", session_ticket_keys: {shared}"));
        (await _site.AskAsync(one.Port, "-sess_out session")).ShouldContain("\nNew, ");

        (await _site.AskAsync(other.Port, "-sess_in session")).ShouldContain("\nReused, ");

        // A new key before it: those there are go on; without it they don't.
        _site.Write("tickets", $"# the new one first\n{second}\n{first}\n");
        (await other.ReloadAsync(other.Config)).ExitCode.ShouldBe(0);
        (await _site.AskAsync(other.Port, "-sess_in session")).ShouldContain("\nReused, ");
        _site.Write("tickets", $"{second}\n");
        (await other.ReloadAsync(other.Config)).ExitCode.ShouldBe(0);
        (await _site.AskAsync(other.Port, "-sess_in session")).ShouldContain("\nNew, ");
    }

    [PeerFact("openssl")]
    public async Task Openssl_WithACertificate_IsVerifiedEachTime()
    {
        var (certificate, key) = _site.Sign("client.test");
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(_site.Config(
            origin, $", session_ticket_keys: {_site.Write("tickets", NewKey() + "\n")}, client_certificates: {{ca: {_site.CaFile}}}"));

        foreach (var version in (string[])["-tls1_2", "-tls1_3"])
        {
            var shown = $"{version} -cert {certificate} -key {key}";
            (await _site.AskAsync(penstock.Port, $"{shown} -sess_out session")).ShouldContain("\nNew, ");
            (await _site.AskAsync(penstock.Port, $"{shown} $([ -s session ] && echo -sess_in session)")).ShouldNotContain("\nReused, ");
        }
    }

    [PeerFact("openssl")]
    public async Task Openssl_OldVersionsAndCiphers_AreRefused()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(_site.Config(origin));

        foreach (var offer in (string[])["-tls1_1 -cipher DEFAULT@SECLEVEL=0", "-tls1_2 -cipher AES128-GCM-SHA256", "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256"])
        {
            var (code, output) = await _site.OpensslAsync(penstock.Port, $"$S {offer} </dev/null 2>&1");
            code.ShouldNotBe(0, output);
            output.ShouldContain("alert");
        }

        await penstock.AwaitMetricAsync("penstock_listener_tls_handshakes_total{listener=\"front\",result=\"no_shared_cipher\"} 2");
    }

    [PeerFact("openssl")]
    public async Task Openssl_AsksForTheStatus_GetsTheStapledResponse()
    {
        var made = await ChildProcess.RunAsync("bash", "-c", $$"""
            cd {{_site.Folder}} && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=ocsp-ca -keyout o.key -out o.crt 2>&1 &&
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={{TlsSite.Name}} -keyout {{TlsSite.Name}}.key -out s.csr 2>&1 &&
            openssl x509 -req -in s.csr -CA o.crt -CAkey o.key -set_serial 4711 -days 9 -out {{TlsSite.Name}}.crt 2>&1 && chmod 600 *.key &&
            printf 'V\t401231235959Z\t\t1267\tunknown\t/CN={{TlsSite.Name}}\n' > index.txt &&
            openssl ocsp -index index.txt -rsigner o.crt -rkey o.key -CA o.crt -issuer o.crt -serial 4711 -ndays 9 -respout staple.der 2>&1
            """);
        made.ExitCode.ShouldBe(0, made.Output);
        await using var origin = RawOrigin.Answering();
        var config = ProxyConfig.For(origin) with { Listener = [$"tls: {{certificates: [{{cert: {_site.Certificate}, key: {_site.Key}, ocsp: {_site.Folder}/staple.der}}]}}"] };
        await using var penstock = await PenstockProcess.StartAsync(config);

        var (_, output) = await _site.OpensslAsync(penstock.Port, "${S/-verify_return_error/} -status </dev/null 2>&1");

        output.ShouldContain("OCSP Response Status: successful");
        output.ShouldContain("Cert Status: good");

        // An old one is worse than none.
        var staple = Path.Combine(_site.Folder, "staple.der");
        File.WriteAllBytes(staple, TestOcsp.Response([0x12, 0x67], DateTimeOffset.UtcNow.AddDays(-1)));
        (await penstock.ReloadAsync(penstock.Config)).ExitCode.ShouldBe(0);
        (_, output) = await _site.OpensslAsync(penstock.Port, "${S/-verify_return_error/} -status </dev/null 2>&1");
        output.ShouldContain("OCSP response: no response sent");
        (_, output) = await ChildProcess.RunAsync(Programs.Penstock, "status", "--socket", penstock.AdminAddress.ToString()!);
        output.ShouldContain($"warning: listener front: the OCSP response {staple} ended at ");
    }

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(80));
}
