// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Penstock.Model;

namespace Penstock.L7.Acme;

/// <summary>Gets one certificate (RFC 8555 section 7.4): orders it, proves each name, has it issued for a new key, and fetches it.</summary>
/// <param name="client">The CA, with an account.</param>
/// <param name="thumbprint">Of the account's key.</param>
/// <param name="challenges">Where answers to the CA are put.</param>
/// <param name="known">Time until all who may be asked by the CA know the answer.</param>
/// <param name="proof">How names are proven.</param>
/// <param name="time">Clock.</param>
internal sealed class AcmeOrder(AcmeClient client, string thumbprint, AcmeChallenges challenges, TimeSpan known, AcmeProof proof, TimeProvider time)
{
    private readonly string _challenge = proof == AcmeProof.TlsAlpn ? "tls-alpn-01" : "http-01";

    /// <summary>Time between two looks where the CA names none, and the longest that it may ask for.</summary>
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(2), s_longestLook = TimeSpan.FromSeconds(60);

    /// <summary>Gets a certificate.</summary>
    /// <param name="names">DNS names, lower case.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>PEM: the certificate, those between it and the CA, its key.</returns>
    /// <exception cref="AcmeException">There is none.</exception>
    internal async Task<string> IssueAsync(ImmutableArray<string> names, CancellationToken cancellation)
    {
        var identifiers = new JsonArray(names.Select(name => (JsonNode?)new JsonObject { ["type"] = "dns", ["value"] = name }).ToArray());
        var answer = await client.PostAsync(client.Resource("newOrder"), new JsonObject { ["identifiers"] = identifiers }.ToJsonString(), "the order", cancellation);
        var url = answer.Location ?? throw new AcmeException("the CA gives the order no URL");
        var order = answer.Json();
        var authorizations = order["authorizations"] as JsonArray ?? throw new AcmeException("the CA's order names no authorizations");
        if (authorizations.Count > names.Length)
            throw new AcmeException($"the CA asks for {authorizations.Count} proofs of {names.Length} names");
        foreach (var authorization in authorizations)
        {
            if (authorization is JsonValue value && value.TryGetValue<string>(out var at))
                await ProveAsync(at, names, cancellation);
        }

        order = await SettleAsync(url, "the order", ["pending"], cancellation);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (Status(order) is "ready")
        {
            var request = new JsonObject { ["csr"] = Base64Url.EncodeToString(Request(names, key)) };
            order = (await client.PostAsync(AcmeAnswer.TextOf(order, "finalize"), request.ToJsonString(), "to issue the certificate", cancellation)).Json();
            order = await SettleAsync(url, "the order", ["pending", "ready", "processing"], cancellation);
        }

        if (Status(order) is not "valid")
            throw new AcmeException($"the order is {AcmeAnswer.Plain(Status(order))}{AcmeAnswer.Said(order["error"])}");
        var chain = (await client.PostAsync(AcmeAnswer.TextOf(order, "certificate"), "", "the certificate", cancellation)).Text;
        return KeptCertificate.Joined(chain, key, names, time.GetUtcNow());
    }

    private async Task ProveAsync(string url, ImmutableArray<string> names, CancellationToken cancellation)
    {
        var authorization = (await client.PostAsync(url, "", "the authorization", cancellation)).Json();
        if (Status(authorization) is "valid")
            return;
        var name = AcmeAnswer.TextOf(authorization["identifier"], "value").ToLowerInvariant();
        if (!names.Contains(name, StringComparer.Ordinal))
            throw new AcmeException($"the CA asks for a proof of '{AcmeAnswer.Plain(name)}', which is not ordered");
        var challenge = (authorization["challenges"] as JsonArray)?.FirstOrDefault(one => AcmeAnswer.TextOf(one, "type") is { } type && string.Equals(type, _challenge, StringComparison.Ordinal))
            ?? throw new AcmeException($"the CA does not prove {name} by {_challenge}");
        var token = AcmeAnswer.TextOf(challenge, "token");
        if (!AcmeChallenges.IsToken(token))
            throw new AcmeException("the CA gives something that is no token");
        var open = new AcmeChallenge(name, token, $"{token}.{thumbprint}");
        challenges.Add(open);
        try
        {
            await Task.Delay(known, time, cancellation);
            await client.PostAsync(AcmeAnswer.TextOf(challenge, "url"), "{}", $"to prove {name}", cancellation);
            authorization = await SettleAsync(url, "the authorization", ["pending"], cancellation);
        }
        finally
        {
            challenges.Remove(open);
        }

        if (Status(authorization) is "valid")
            return;
        var said = (authorization["challenges"] as JsonArray)?.Select(one => AcmeAnswer.Said((one as JsonObject)?["error"])).FirstOrDefault(text => text.Length > 0) ?? "";
        throw new AcmeException($"the CA could not prove {name} by {_challenge}: the authorization is {AcmeAnswer.Plain(Status(authorization))}{said}");
    }

    // Looks until a thing has left the states it passes through; the whole has a limit.
    private async Task<JsonObject> SettleAsync(string url, string what, string[] passing, CancellationToken cancellation)
    {
        var wait = TimeSpan.Zero;
        while (true)
        {
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time, cancellation);
            var answer = await client.PostAsync(url, "", what, cancellation);
            var state = answer.Json();
            if (!passing.Contains(Status(state), StringComparer.Ordinal))
                return state;
            var asked = answer.RetryAfter ?? s_look;
            wait = asked < s_look ? s_look : asked > s_longestLook ? s_longestLook : asked;
        }
    }

    private static string Status(JsonObject thing) => AcmeAnswer.TextOf(thing, "status");

    // The names are in the extension alone (RFC 8555 section 7.4): a common name has room for 64 letters.
    private static byte[] Request(ImmutableArray<string> names, ECDsa key)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
            builder.AddDnsName(name);
        var request = new CertificateRequest(new X500DistinguishedName(""), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(builder.Build());
        return request.CreateSigningRequest();
    }
}
