// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Penstock.Model.L7;

namespace Penstock.Config.Reading;

/// <summary>Whether what has been read of an API server can be used.</summary>
internal static class KubernetesAccessChecks
{
    private const int TokenBytes = 64 << 10;

    /// <summary>What is wrong; null: nothing.</summary>
    public static string? Trouble(KubernetesAccess access)
    {
        if ((access.Certificate is null) != (access.Key is null))
            return "a client certificate without its key, or the other way round";
        var isPlain = string.Equals(access.Server.Scheme, Uri.UriSchemeHttp, StringComparison.Ordinal);
        if (access is { Certificate: null, Token: null, TokenFile: null } && !isPlain)
            return "nothing to prove this host by; expected client-certificate with client-key, tokenFile or token";
        if (access.Token is { } token && !IsToken(token))
            return "a token of other than visible ASCII characters";
        return TokenFileTrouble(access.TokenFile) ?? AuthorityTrouble(access.Authorities) ?? CertificateTrouble(access);
    }

    // RFC 6750, 2.1; looser, since servers know their tokens.
    private static bool IsToken(string text) => text.Length is > 0 and <= TokenBytes && !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static string? TokenFileTrouble(string? path)
    {
        if (path is null)
            return null;
        if (RegularFile.TryRead(path, TokenBytes, out var content, out _) is { } problem)
            return $"{path}: {problem}";
        return IsToken(Encoding.Latin1.GetString(content.Span).Trim()) ? null : $"{path}: no token; expected one line of visible ASCII characters";
    }

    private static string? AuthorityTrouble(string? pem)
    {
        if (pem is null)
            return null;
        try
        {
            var found = new X509Certificate2Collection();
            found.ImportFromPem(pem);
            return found.Count > 0 ? null : "certificate-authority without a certificate; expected PEM";
        }
        catch (CryptographicException error)
        {
            return $"certificate-authority that can't be read: {error.Message}";
        }
    }

    private static string? CertificateTrouble(KubernetesAccess access)
    {
        if (access is not { Certificate: { } certificate, Key: { } key })
            return null;
        try
        {
            using var own = X509Certificate2.CreateFromPem(certificate, key);
            var end = own.NotAfter.ToUniversalTime();
            return end > TimeProvider.System.GetUtcNow().UtcDateTime ? null : $"a client certificate that ended at {end:yyyy-MM-dd HH:mm:ss}Z";
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            return "a client certificate and key that do not belong together, or can't be read; expected PEM, the key not encrypted";
        }
    }
}
