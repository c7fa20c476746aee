// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Penstock.Model;

namespace Penstock.Config.Reading;

/// <summary>Reads certificates and keys from PEM files.</summary>
internal static class PemFiles
{
    private const int FileBytes = 1 << 20;

    /// <summary>Reads certificates; null: an error is among the faults.</summary>
    internal static X509Certificate2Collection? ReadCertificates(string key, string path, ICollection<TlsFault> faults)
    {
        if (ReadText(key, path, faults) is not { } text)
            return null;
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(text);
        }
        catch (CryptographicException error)
        {
            faults.Add(new TlsFault(key, IsError: true, $"{path}: a certificate that can't be read: {error.Message}", "PEM"));
            return null;
        }

        if (found.Count > 0)
            return found;
        faults.Add(new TlsFault(key, IsError: true, $"{path}: no certificate", "a file with BEGIN CERTIFICATE"));
        return null;
    }

    /// <summary>Reads a key and joins it to its certificate; null: an error is among the faults, or there is no certificate.</summary>
    internal static X509Certificate2? ReadKey(string path, string certificatePath, X509Certificate2? certificate, ICollection<TlsFault> faults)
    {
        if (ReadText("key", path, faults) is not { } text)
            return null;
        if (IsReadByOthers(path))
        {
            faults.Add(new TlsFault("key", IsError: true, $"{path}: a private key that everybody on this host can read", "a file that only its owner and group can: chmod 0640"));
            return null;
        }

        if (!text.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            faults.Add(new TlsFault("key", IsError: true, $"{path}: no private key", "a file with BEGIN PRIVATE KEY"));
        else if (text.Contains("ENCRYPTED", StringComparison.Ordinal))
            faults.Add(new TlsFault("key", IsError: true, $"{path}: an encrypted private key", "one that can be read without a password"));
        else if (certificate is not null)
            return Join(certificate, text, path, certificatePath, faults);
        return null;
    }

    /// <summary>Adds a warning where a certificate has ended, has not begun, or ends soon.</summary>
    internal static void CheckTime(string what, X509Certificate2 certificate, DateTimeOffset now, ICollection<TlsFault> faults, string key)
    {
        var (begin, end) = (certificate.NotBefore.ToUniversalTime(), CertificateEnd.Of(certificate));
        if (end.IsOver(now))
            faults.Add(new TlsFault(key, IsError: false, $"{what} ended at {end}: it is refused", "a new one"));
        else if (now.UtcDateTime < begin)
            faults.Add(new TlsFault(key, IsError: false, $"{what} begins at {begin:yyyy-MM-dd HH:mm:ss}Z: until then it is refused"));
        else if (end.IsToTell(now))
            faults.Add(new TlsFault(key, IsError: false, $"{what} ends at {end}", "a new one before that"));
    }

    /// <summary>Reads a file; null: an error is among the faults.</summary>
    internal static string? ReadText(string key, string path, ICollection<TlsFault> faults)
    {
        if (RegularFile.TryRead(path, FileBytes, out var content, out _) is not { } problem)
            return Encoding.Latin1.GetString(content.Span);
        faults.Add(new TlsFault(key, IsError: true, $"{path}: {problem}", "a file that can be read"));
        return null;
    }

    /// <summary>Whether everybody on this host can read a file.</summary>
    internal static bool IsReadByOthers(string path)
    {
        try
        {
            return (File.GetUnixFileMode(path) & UnixFileMode.OtherRead) != UnixFileMode.None;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false; // it was read a moment ago
        }
    }

    private static X509Certificate2? Join(X509Certificate2 certificate, string key, string path, string certificatePath, ICollection<TlsFault> faults)
    {
        try
        {
            return X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), key);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            faults.Add(new TlsFault("key", IsError: true, $"{path}: not the private key of {certificatePath}", "the key that its certificate was made for, RSA or EC"));
            return null;
        }
    }
}
