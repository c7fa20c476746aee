// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Penstock.L7.Tests.Acme;

/// <summary>A CA that answers as RFC 8555 has it, unless a test says otherwise.</summary>
internal sealed class ScriptedAuthority : HttpMessageHandler
{
    /// <summary>URL that its resources are below.</summary>
    public const string Root = "https://ca.example.com";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly List<string> _asked = [];
    private byte[]? _request;
    private bool _isProven;
    private int _nonces;

    /// <summary>Answers in place of the usual ones, by path and how often it was asked before; null: the usual one.</summary>
    public Func<string, int, HttpResponseMessage?> Instead { get; set; } = (_, _) => null;

    /// <summary>Called when the CA is told that an answer is there.</summary>
    public Action Proving { get; set; } = () => { };

    /// <summary>Paths that were asked for, in their order.</summary>
    public IReadOnlyList<string> Asked
    {
        get
        {
            lock (_asked)
                return [.. _asked];
        }
    }

    /// <summary>Heads of the requests that were signed.</summary>
    public List<JsonNode> Heads { get; } = [];

    /// <summary>An answer with JSON.</summary>
    public static HttpResponseMessage Json(string text, HttpStatusCode status = HttpStatusCode.OK) => new(status) { Content = new StringContent(text, Encoding.UTF8, "application/json") };

    /// <summary>A problem document.</summary>
    public static HttpResponseMessage Problem(string type, string detail, HttpStatusCode status) => Json(new JsonObject { ["type"] = "urn:ietf:params:acme:error:" + type, ["detail"] = detail }.ToJsonString(), status);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath; // it was sent somewhere
        int before;
        lock (_asked)
        {
            before = _asked.Count(one => one == path);
            _asked.Add(path);
        }

        if (request.Content is not null)
        {
            var signed = JsonNode.Parse(await request.Content.ReadAsStringAsync(cancellationToken))!;
            Heads.Add(JsonNode.Parse(Base64Url.DecodeFromChars((string)signed["protected"]!))!);
            if (path == "/finalize")
                _request = Base64Url.DecodeFromChars((string)JsonNode.Parse(Base64Url.DecodeFromChars((string)signed["payload"]!))!["csr"]!);
        }

        var answer = Instead(path, before) ?? Usual(path);
        if (path != "/dir") // it gives none: newNonce is asked
            answer.Headers.Add("Replay-Nonce", $"nonce{_nonces++:D4}");
        return answer;
    }

    protected override void Dispose(bool disposing)
    {
        // Each attempt of a keeper is a client of its own, and disposes it.
    }

    private HttpResponseMessage Usual(string path)
    {
        switch (path)
        {
            case "/dir":
                return Json($$"""{"newNonce": "{{Root}}/nonce", "newAccount": "{{Root}}/account", "newOrder": "{{Root}}/new-order", "meta": {} }""");
            case "/account":
                return At(Json("""{"status": "valid"}""", HttpStatusCode.Created), "/account/1");
            case "/new-order":
                return At(Json($$"""{"status": "pending", "authorizations": ["{{Root}}/authorization"], "finalize": "{{Root}}/finalize"}""", HttpStatusCode.Created), "/order");
            case "/authorization":
                return Json($$$"""{"status": "{{{(_isProven ? "valid" : "pending")}}}", "identifier": {"type": "dns", "value": "shop.example.com"}, "challenges": [{"type": "dns-01", "token": "x"}, {"type": "http-01", "url": "{{{Root}}}/challenge", "token": "a-token"}]}""");
            case "/challenge":
                Proving();
                _isProven = true;
                return Json("{}");
            case "/order":
                return Json($$"""{"status": "{{(_request is null ? "ready" : "valid")}}", "finalize": "{{Root}}/finalize", "certificate": "{{Root}}/certificate"}""");
            case "/finalize":
                return Json("""{"status": "processing"}""");
            case "/certificate":
                return new HttpResponseMessage { Content = new StringContent(Issue()) };
            default:
                return new HttpResponseMessage();
        }
    }

    private static HttpResponseMessage At(HttpResponseMessage answer, string path)
    {
        answer.Headers.Location = new Uri(Root + path);
        return answer;
    }

    /// <summary>Issues what was asked for last, for 90 days.</summary>
    public string Issue()
    {
        var asked = CertificateRequest.LoadSigningRequest(_request!, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        var now = TimeProvider.System.GetUtcNow();
        using var issued = asked.Create(new X500DistinguishedName("CN=scripted"), X509SignatureGenerator.CreateForECDsa(_key), now.AddMinutes(-1), now.AddDays(90), [1, 2, 3]);
        return issued.ExportCertificatePem();
    }
}
