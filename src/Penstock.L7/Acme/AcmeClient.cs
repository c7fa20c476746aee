// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Penstock.Model;

namespace Penstock.L7.Acme;

/// <summary>Speaks to one CA for one account (RFC 8555 sections 6 and 7): the directory, nonces, signed requests.</summary>
internal sealed class AcmeClient : IDisposable
{
    private const int MaxAnswerBytes = 256 << 10;
    private const int HeadKilobytes = 32;
    private const int MostNonces = 5; // a CA of several servers may refuse one of its own
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    // Of longer ones a day is waited: nobody but the CA would know why.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromDays(1);

    private readonly AcmeConfig _config;
    private readonly AcmeKey _key;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private JsonObject _directory = new();
    private string? _nonce;
    private string? _account;

    /// <summary>A client that has asked nothing yet.</summary>
    /// <param name="config">The CA.</param>
    /// <param name="key">Key of the account.</param>
    /// <param name="time">Clock.</param>
    /// <param name="handler">Sends requests; null: over TLS, believing the CAs that are configured.</param>
    /// <exception cref="CryptographicException">The file of CAs can't be used.</exception>
    internal AcmeClient(AcmeConfig config, AcmeKey key, TimeProvider time, HttpMessageHandler? handler = null)
    {
        (_config, _key, _time) = (config, key, time);
        _http = new HttpClient(handler ?? Handler(config.Ca)) { Timeout = s_patience, MaxResponseContentBufferSize = MaxAnswerBytes };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("penstock", productVersion: null));
    }

    /// <summary>Reads the directory, and makes the account or finds the one that this key has.</summary>
    /// <exception cref="AcmeException">The CA refuses, or asks for what is not configured; or it can't be reached.</exception>
    internal async Task RegisterAsync(CancellationToken cancellation)
    {
        var answer = await SendAsync(HttpMethod.Get, _config.Directory, body: null, cancellation);
        _directory = answer.Status == 200 ? answer.Json() : throw answer.Refusal("its directory");
        var url = Resource("newAccount");
        if (_config.ExternalAccount is null && _directory["meta"] is JsonObject meta && meta["externalAccountRequired"] is JsonValue required && required.TryGetValue<bool>(out var isRequired) && isRequired)
            throw new AcmeException("the CA asks for an external account: configure acme.external_account");
        var request = new JsonObject { ["termsOfServiceAgreed"] = _config.TermsAgreed };
        if (_config.Contact is { } contact)
            request["contact"] = new JsonArray("mailto:" + contact);
        if (_config.ExternalAccount is { } external)
            request["externalAccountBinding"] = _key.Bind(url, external.KeyId, Secret(await File.ReadAllTextAsync(external.KeyFile, cancellation)));
        _account = null;
        answer = await PostAsync(url, request.ToJsonString(), "the account", cancellation);
        _account = answer.Location ?? throw new AcmeException("the CA gives the account no URL");
    }

    /// <summary>URL of one of the CA's resources.</summary>
    /// <exception cref="AcmeException">The directory has none of that name.</exception>
    internal string Resource(string name) => AcmeAnswer.TextOf(_directory, name) is { Length: > 0 } url ? url : throw new AcmeException($"the CA's directory has no {name}");

    /// <summary>Sends a signed request; once more with another nonce where the CA does not take the first (section 6.5).</summary>
    /// <param name="url">Where.</param>
    /// <param name="payload">JSON; empty: it only reads.</param>
    /// <param name="what">What it is about, for messages.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="AcmeException">The CA refuses, or can't be reached.</exception>
    internal async Task<AcmeAnswer> PostAsync(string url, string payload, string what, CancellationToken cancellation)
    {
        for (var left = MostNonces; ; left--)
        {
            var nonce = _nonce ?? await NonceAsync(cancellation);
            _nonce = null;
            var answer = await SendAsync(HttpMethod.Post, url, _key.Sign(url, nonce, _account, payload), cancellation);
            if (answer.Status is >= 200 and < 300)
                return answer;
            if (left <= 1 || !string.Equals(answer.Problem(), "badNonce", StringComparison.Ordinal))
                throw answer.Refusal(what);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static byte[] Secret(string text)
    {
        try
        {
            return Base64Url.DecodeFromChars(text.Trim());
        }
        catch (FormatException error)
        {
            throw new AcmeException("the file of acme.external_account.key_file has no base64url", inner: error); // nothing of what it has
        }
    }

    private async Task<string> NonceAsync(CancellationToken cancellation)
    {
        await SendAsync(HttpMethod.Head, Resource("newNonce"), body: null, cancellation);
        return _nonce ?? throw new AcmeException("the CA gives no nonce");
    }

    private async Task<AcmeAnswer> SendAsync(HttpMethod method, string url, string? body, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var target) || !string.Equals(target.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal))
            throw new AcmeException($"the CA gives '{AcmeAnswer.Plain(url)}', which is no https URL");
        using var request = new HttpRequestMessage(method, target);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/jose+json");
        }

        try
        {
            using var response = await _http.SendAsync(request, cancellation);
            if (response.Headers.TryGetValues("Replay-Nonce", out var nonces) && nonces.First() is { } nonce && AcmeChallenges.IsToken(nonce))
                _nonce = nonce; // one of other letters is ignored (RFC 8555 section 6.5.1)
            var bytes = await response.Content.ReadAsByteArrayAsync(cancellation);
            var location = response.Headers.Location is { } place && Uri.TryCreate(target, place, out var whole) ? whole.AbsoluteUri : null;
            return new AcmeAnswer((int)response.StatusCode, location, WaitOf(response.Headers.RetryAfter), Encoding.UTF8.GetString(bytes));
        }
        catch (HttpRequestException error)
        {
            throw new AcmeException($"the CA at {target.Authority} can't be asked: {AcmeAnswer.Plain(error.InnerException is { } inner ? $"{error.Message} {inner.Message}" : error.Message)}", inner: error) { IsUnreachable = true };
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new AcmeException($"the CA at {target.Authority} has not answered within {s_patience.TotalSeconds:0} s", inner: error) { IsUnreachable = true };
        }
    }

    private TimeSpan? WaitOf(RetryConditionHeaderValue? value)
    {
        var wait = value switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - _time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return wait > s_longestWait ? s_longestWait : wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private static SocketsHttpHandler Handler(string? ca)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, MaxResponseHeadersLength = HeadKilobytes };
        if (ca is null)
            return handler;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.ImportFromPemFile(ca);
        handler.SslOptions.CertificateChainPolicy = policy;
        return handler;
    }
}
