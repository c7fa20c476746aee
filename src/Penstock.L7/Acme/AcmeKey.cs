// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Penstock.Linux;

namespace Penstock.L7.Acme;

/// <summary>The key of an account with a CA (ES256): signs what is sent to it as a flattened JWS (RFC 8555 section 6.2, RFC 7515).</summary>
internal sealed class AcmeKey : IDisposable
{
    private readonly ECDsa _key;
    private readonly string _x;
    private readonly string _y;

    private AcmeKey(ECDsa key)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        (_key, _x, _y) = (key, Base64Url.EncodeToString(point.X.AsSpan()), Base64Url.EncodeToString(point.Y.AsSpan()));
    }

    /// <summary>What identifies the key (RFC 7638): SHA-256 of its public half in its one form, base64url.</summary>
    internal string Thumbprint => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes($$"""{"crv":"P-256","kty":"EC","x":"{{_x}}","y":"{{_y}}"}""")));

    /// <summary>Reads the key; makes it where there is no file.</summary>
    /// <param name="path">File (PEM), readable by its owner alone.</param>
    /// <exception cref="IOException">It can't be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The same: it may not be.</exception>
    /// <exception cref="ArgumentException">The file has something else.</exception>
    /// <exception cref="CryptographicException">The same.</exception>
    internal static AcmeKey Load(string path)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        try
        {
            if (File.Exists(path))
                key.ImportFromPem(File.ReadAllText(path));
            else
                DurableFile.Write(path, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
            return new AcmeKey(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>Signs a request.</summary>
    /// <param name="url">Where it goes.</param>
    /// <param name="nonce">The CA's nonce, to be used once.</param>
    /// <param name="account">The account's URL; null: there is none yet, and the key itself is sent.</param>
    /// <param name="payload">What is said, JSON; empty: the request only reads (section 6.3).</param>
    internal string Sign(string url, string nonce, string? account, string payload)
    {
        var head = new JsonObject { ["alg"] = "ES256", ["nonce"] = nonce, ["url"] = url };
        if (account is null)
            head["jwk"] = Public();
        else
            head["kid"] = account;
        return Join(head, payload, text => _key.SignData(text, HashAlgorithmName.SHA256)).ToJsonString();
    }

    /// <summary>What binds the account to one that the CA has made by other means (section 7.3.4).</summary>
    /// <param name="url">Where accounts are made.</param>
    /// <param name="keyId">Identifier of the other account.</param>
    /// <param name="secret">Its key.</param>
    internal JsonObject Bind(string url, string keyId, byte[] secret) =>
        Join(new JsonObject { ["alg"] = "HS256", ["kid"] = keyId, ["url"] = url }, Public().ToJsonString(), text => HMACSHA256.HashData(secret, text));

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    private JsonObject Public() => new() { ["crv"] = "P-256", ["kty"] = "EC", ["x"] = _x, ["y"] = _y };

    private static JsonObject Join(JsonObject head, string payload, Func<byte[], byte[]> sign)
    {
        var first = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(head.ToJsonString()));
        var second = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload));
        var signature = sign(Encoding.ASCII.GetBytes($"{first}.{second}"));
        return new JsonObject { ["protected"] = first, ["payload"] = second, ["signature"] = Base64Url.EncodeToString(signature) };
    }
}
