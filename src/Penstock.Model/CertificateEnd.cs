// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;

namespace Penstock.Model;

/// <summary>When a certificate ends, and from when on people are told, whatever it is there for.</summary>
/// <param name="At">Its end.</param>
/// <param name="Told">From when on that is spoken of.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct CertificateEnd(DateTimeOffset At, DateTimeOffset Told)
{
    private static readonly TimeSpan s_soon = TimeSpan.FromDays(14);

    /// <summary>That of a certificate.</summary>
    public static CertificateEnd Of(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var end = new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);
        return new CertificateEnd(end, end - s_soon);
    }

    /// <summary>Of several that are in one file the first to end, but of CAs no ended one beside others, which nobody need miss; null: there are none.</summary>
    /// <param name="certificates">Those in the file.</param>
    /// <param name="areAuthorities">Whether they are CAs that others are believed of.</param>
    public static X509Certificate2? First(IEnumerable<X509Certificate2> certificates, bool areAuthorities)
    {
        var now = TimeProvider.System.GetUtcNow();
        return certificates.MinBy(one => (areAuthorities && Of(one).IsOver(now), one.NotAfter));
    }

    /// <summary>Whether it is to be spoken of.</summary>
    public bool IsToTell(DateTimeOffset now) => Told < now;

    /// <summary>Whether it has come.</summary>
    public bool IsOver(DateTimeOffset now) => At < now;

    /// <summary>When it is, for people.</summary>
    public override string ToString() => $"{At:yyyy-MM-dd HH:mm:ss}Z";
}
