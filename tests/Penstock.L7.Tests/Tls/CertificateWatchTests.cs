// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.L7.Tests.Tls;

/// <summary>Ends of certificates that are told of in time, of whatever they are.</summary>
public sealed class CertificateWatchTests : IAsyncLifetime
{
    private const string Name = "shop.example.com";
    private readonly TlsEngine _tls = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _tls.DisposeAsync();

    [Fact]
    public void Certificates_ThatLast_AreMeasured_AndNotSpokenOf()
    {
        Apply(_tls.Certificate([Name]), _tls.Authority.CaFile, _tls.Certificate(["lb1"]), _tls.Authority.CaFile);

        _tls.Engine.Status().Warnings.ShouldBeEmpty();
        Measured().Select(one => (one.Owner, one.Part, Path.GetFileName(one.File))).ShouldBe(
            [("cluster a", "ca", "ca.crt"), ("cluster a", "certificate", "lb1.crt"), ("listener https", "ca", "ca.crt")]);
        Measured().ShouldAllBe(one => one.End > DateTimeOffset.UtcNow.AddDays(90));
    }

    [Fact]
    public void CertificateOfACluster_ThatEndsSoon_IsInStatusAndMetrics()
    {
        var (certificate, key) = _tls.Authority.Sign(["lb1"], days: 5);
        using var intermediate = new TestAuthority(_tls.Folder, "between", days: 3);
        File.AppendAllText(certificate, File.ReadAllText(intermediate.CaFile));

        Apply(_tls.Certificate([Name]), clients: null, new CertificateConfig { Cert = certificate, Key = key }, _tls.Authority.CaFile);

        _tls.Engine.Status().Warnings.Select(BeforeTheTime).ShouldBe(
            [$"cluster a: certificate {certificate} ends", $"cluster a: the certificate of between of tests in {certificate}, which comes with the first, ends"]);
        Measured().Single(one => one.Part == "certificate").End.ShouldBe(DateTimeOffset.UtcNow.AddDays(5), TimeSpan.FromHours(1));
        Measured("penstock.certificate.warning").Single(one => one.Part == "certificate").End.ShouldBe(DateTimeOffset.UtcNow.AddDays(5 - 14), TimeSpan.FromHours(1));
        Measured().Single(one => one.Part == "chain").End.ShouldBe(DateTimeOffset.UtcNow.AddDays(3), TimeSpan.FromHours(1));
    }

    [Fact]
    public void Authorities_OfWhichOneEnds_AreInStatusAndMetricsByThatOne()
    {
        using var soon = new TestAuthority(_tls.Folder, "soon", days: 13);
        using var over = new TestAuthority(_tls.Folder, "over", days: -1);
        var believed = Path.Combine(_tls.Folder, "believed.crt");
        File.WriteAllText(believed, File.ReadAllText(_tls.Authority.CaFile) + File.ReadAllText(over.CaFile));
        Apply(_tls.Certificate([Name]), soon.CaFile, _tls.Certificate(["lb1"]), believed);
        Measured().Single(one => one.File == believed).End.ShouldBeGreaterThan(DateTimeOffset.UtcNow, "An ended one is missed by nobody while there are others.");
        File.WriteAllText(believed, File.ReadAllText(over.CaFile));

        Apply(_tls.Certificate([Name]), soon.CaFile, _tls.Certificate(["lb1"]), believed);

        _tls.Engine.Status().Warnings.Select(BeforeTheTime).ShouldBe(
            [$"listener https: the CA soon of tests in {soon.CaFile} ends", $"cluster a: the CA over of tests in {believed} ended"]);
        Measured().Single(one => one.File == believed).End.ShouldBe(DateTimeOffset.UtcNow.AddDays(-1), TimeSpan.FromHours(1));
    }

    [Fact]
    public void ChainOfAListener_ThatEndsSoon_IsSpokenOf_UntilItIsReplaced()
    {
        var shown = _tls.Certificate([Name]);
        using var intermediate = new TestAuthority(_tls.Folder, "between", days: 3);
        File.AppendAllText(shown.Cert, File.ReadAllText(intermediate.CaFile));
        Apply(shown, clients: null, _tls.Certificate(["lb1"]), _tls.Authority.CaFile);
        BeforeTheTime(_tls.Engine.Status().Warnings.ShouldHaveSingleItem()).ShouldBe($"listener https: the certificate of between of tests in {shown.Cert}, which comes with the first, ends");

        Apply(_tls.Certificate([Name]), clients: null, _tls.Certificate(["lb1"]), _tls.Authority.CaFile);

        _tls.Engine.Status().Warnings.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(6, 3, null, 2)]
    [InlineData(6, 1, null, 2)]
    [InlineData(90, 16, null, 14)]
    [InlineData(90, 10, null, 14)]
    [InlineData(90, 10, 7, 7)]
    public void CertificateByAcme_IsSpokenOf_OnceItsRenewalIsOverdue(int life, int left, int? renewBefore, int told)
    {
        var kept = Path.Combine(_tls.Folder, "kept.pem");
        var (certificate, key) = _tls.Authority.Sign([Name], "issued", days: left, since: life - left);
        File.WriteAllText(kept, File.ReadAllText(certificate) + File.ReadAllText(key));
        var snapshot = _tls.Snapshot(new ListenerTlsConfig { Certificates = [new CertificateConfig { Acme = [Name], Cert = kept, Key = kept }] });
        if (renewBefore is { } days)
            snapshot = snapshot with { Config = snapshot.Config with { Acme = new AcmeConfig { Directory = "https://127.0.0.1:1/", TermsAgreed = true, RenewBefore = TimeSpan.FromDays(days) } } };

        _tls.Engine.Apply(snapshot);

        _tls.Engine.Status().Warnings.Select(BeforeTheTime).ShouldBe(left < told ? [$"listener https: certificate {kept} ends"] : []);
        Measured("penstock.listener.certificate.warning").ShouldHaveSingleItem().End.ShouldBe(DateTimeOffset.UtcNow.AddDays(left - told), TimeSpan.FromHours(1));
    }

    private static string BeforeTheTime(string warning) => warning.Split(" at ")[0];

    private void Apply(CertificateConfig shown, string? clients, CertificateConfig own, string believed) => _tls.Apply(
        new ListenerTlsConfig { Certificates = [shown], ClientCertificates = clients is null ? null : new ClientCertificatesConfig { Ca = clients } },
        cluster: new ClusterTlsConfig { Ca = believed, ServerName = "origin.example.com", Cert = own.Cert, Key = own.Key });

    // Other tests' engines are in this process, and have other folders.
    private List<(string Owner, string Part, string File, DateTimeOffset End)> Measured(string name = "penstock.certificate.expiry")
    {
        var found = new List<(string, string, string, DateTimeOffset)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (string.Equals(instrument.Meter.Name, "Penstock.L7", StringComparison.Ordinal) && string.Equals(instrument.Name, name, StringComparison.Ordinal))
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            var (owner, part, file) = ((string)tags[0].Value!, tags.Length > 2 ? (string)tags[1].Value! : "", (string)tags[^1].Value!); // as they are documented
            if (file.StartsWith(_tls.Folder, StringComparison.Ordinal))
                found.Add((owner, part, file, DateTimeOffset.FromUnixTimeSeconds(value)));
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return [.. found.OrderBy(one => one.Item1, StringComparer.Ordinal).ThenBy(one => one.Item2, StringComparer.Ordinal)];
    }
}
