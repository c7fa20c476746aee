// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Penstock.Model.Tests;

/// <summary>From when on the end of a certificate is spoken of.</summary>
public sealed class CertificateEndTests : IDisposable
{
    private static readonly DateTimeOffset s_begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly List<X509Certificate2> _made = [];

    public void Dispose()
    {
        _key.Dispose();
        _made.ForEach(one => one.Dispose());
    }

    [Fact]
    public void End_OfACertificate_IsToldTwoWeeksBefore()
    {
        var end = CertificateEnd.Of(Certificate(s_begin, s_begin.AddDays(90)));

        end.At.ShouldBe(s_begin.AddDays(90));
        end.IsToTell(s_begin.AddDays(76)).ShouldBeFalse();
        end.IsToTell(s_begin.AddDays(76).AddSeconds(1)).ShouldBeTrue();
        end.IsOver(s_begin.AddDays(90)).ShouldBeFalse();
        end.IsOver(s_begin.AddDays(90).AddSeconds(1)).ShouldBeTrue();
        end.ToString().ShouldBe("2026-04-01 00:00:00Z");
    }

    [Fact]
    public void End_OfAShortLife_IsToldWhenItsRenewalIsOverdue()
    {
        var certificate = Certificate(s_begin, s_begin.AddDays(6));

        CertificateEnd.Of(certificate).Told.ShouldBe(s_begin.AddDays(4));
        CertificateEnd.Of(certificate, renewedBefore: TimeSpan.FromDays(1)).Told.ShouldBe(s_begin.AddDays(5));
        CertificateEnd.Of(Certificate(s_begin, s_begin.AddDays(90)), renewedBefore: TimeSpan.FromDays(30)).Told.ShouldBe(s_begin.AddDays(76));
    }

    [Fact]
    public void First_OfSeveral_IsTheFirstToEnd_ButOfAuthoritiesNoEndedOneBesideOthers()
    {
        var now = TimeProvider.System.GetUtcNow();
        var (over, soon, late) = (Certificate(now.AddDays(-9), now.AddDays(-1)), Certificate(now.AddDays(-9), now.AddDays(1)), Certificate(now.AddDays(-9), now.AddDays(9)));

        CertificateEnd.First([late, over, soon], areAuthorities: false).ShouldBeSameAs(over);
        CertificateEnd.First([late, over, soon], areAuthorities: true).ShouldBeSameAs(soon);
        CertificateEnd.First([over], areAuthorities: true).ShouldBeSameAs(over);
        CertificateEnd.First([], areAuthorities: true).ShouldBeNull();
    }

    private X509Certificate2 Certificate(DateTimeOffset begin, DateTimeOffset end)
    {
        var made = new CertificateRequest("CN=a", _key, HashAlgorithmName.SHA256).CreateSelfSigned(begin, end);
        _made.Add(made);
        return made;
    }
}
