// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Penstock.Linux;
using Penstock.Linux.Tls;

namespace Penstock.L7.Acme;

/// <summary>The file of a certificate that was had by ACME: the certificate, those between it and the CA, and its key, so that all of it changes at once.</summary>
internal static class KeptCertificate
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int MostCertificates = 10;
    private const int RoomBytes = 64 << 10; // some times what such a chain takes

    /// <summary>Makes a folder that its owner alone can read.</summary>
    /// <exception cref="IOException">It can't be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The same: it may not be.</exception>
    internal static void Prepare(string folder) => Directory.CreateDirectory(folder, OwnerOnly);

    /// <summary>What is in a file; null: there is none, or nothing that could be served.</summary>
    /// <param name="path">The file.</param>
    /// <param name="into">Gets the certificate with its key, where it can be served; null: nobody asks for the key.</param>
    internal static X509Certificate2? Read(string path, TlsContext? into = null)
    {
        try
        {
            if (!File.Exists(path))
                return null;
            (into ?? new TlsContext()).AddCertificate(path, path);
            return X509CertificateLoader.LoadCertificateFromFile(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or TlsException or CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Tries whether <see cref="Write"/> would find room and rights: a CA counts what it issues, so nothing is asked for that could not be kept.</summary>
    /// <exception cref="IOException">It would not.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    internal static void Probe(string path)
    {
        var next = path + ".new";
        try
        {
            DurableFile.Prepare(next, new byte[RoomBytes]);
        }
        finally
        {
            File.Delete(next);
        }
    }

    /// <summary>Puts another in place of the one before, once it is sure that it can be served.</summary>
    /// <exception cref="IOException">It can't be written; the one before stays.</exception>
    /// <exception cref="UnauthorizedAccessException">The same: it may not be.</exception>
    /// <exception cref="TlsException">OpenSSL does not take it; the one before stays.</exception>
    internal static void Write(string path, string pem)
    {
        var next = path + ".new";
        DurableFile.Prepare(next, Encoding.ASCII.GetBytes(pem));
        new TlsContext().AddCertificate(next, next);
        DurableFile.Rename(next, path);
    }

    /// <summary>Something that is another after each <see cref="Write"/>; 0: there is no file.</summary>
    internal static long Stamp(string path) => File.Exists(path) ? File.GetLastWriteTimeUtc(path).Ticks : 0;

    /// <summary>Whether a certificate is for all of some names.</summary>
    internal static bool IsFor(X509Certificate2 certificate, ImmutableArray<string> names)
    {
        try
        {
            var has = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension => extension.EnumerateDnsNames()).ToHashSet(StringComparer.OrdinalIgnoreCase);
            return names.All(has.Contains);
        }
        catch (CryptographicException)
        {
            return false; // nobody can read which they are
        }
    }

    /// <summary>What a CA has issued, judged and written anew, with the key it is for: nothing else that the CA has written gets into the file.</summary>
    /// <param name="chain">PEM, as the CA gave it.</param>
    /// <param name="key">The key it was asked for.</param>
    /// <param name="names">The names it was asked for.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="AcmeException">It is not what was asked for.</exception>
    internal static string Joined(string chain, ECDsa key, ImmutableArray<string> names, DateTimeOffset now)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(chain);
            if (certificates.Count is 0 or > MostCertificates)
                throw new AcmeException($"the CA has issued {certificates.Count} certificates in place of one and those between it and the CA");
            using var issued = certificates[0].CopyWithPrivateKey(key); // throws where the key is another
            if (!IsFor(issued, names))
                throw new AcmeException("the CA has issued a certificate for other names");
            if (issued.NotAfter.ToUniversalTime() <= now.UtcDateTime)
                throw new AcmeException($"the CA has issued a certificate that ended at {issued.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm:ss}Z: is this host's clock right?");
            return $"{string.Join('\n', certificates.Select(certificate => certificate.ExportCertificatePem()))}\n{key.ExportPkcs8PrivateKeyPem()}\n";
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new AcmeException("the CA has issued what is no certificate for the key that was asked for", inner: error);
        }
        finally
        {
            foreach (var certificate in certificates)
                certificate.Dispose();
        }
    }
}
