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
    // Of what lives for days, programs that renew it do that when a third of its life is left.
    private const int PartOfLife = 3;

    private static readonly TimeSpan s_soon = TimeSpan.FromDays(14);

    /// <summary>That of a certificate: it is spoken of from two weeks before on, or when its renewal is overdue if that is later.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="renewedBefore">Time before its end from which on another is asked for; null: a third of its life.</param>
    public static CertificateEnd Of(X509Certificate2 certificate, TimeSpan? renewedBefore = null)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var end = new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);
        var before = renewedBefore ?? LifeOf(certificate) / PartOfLife;
        return new CertificateEnd(end, end - (before < s_soon ? before : s_soon));
    }

    /// <summary>How long a certificate is valid, from its beginning.</summary>
    public static TimeSpan LifeOf(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return certificate.NotAfter.ToUniversalTime() - certificate.NotBefore.ToUniversalTime();
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
