// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.L7.Tests.Tls;

/// <summary>Files of certificates that change on disk while a configuration that names them is served, refused, or taken back.</summary>
public sealed class TlsFilesTests : IAsyncLifetime
{
    private const string Name = "shop.example.com";
    private readonly RecordingLogger<TlsFilesTests> _log = new();
    private readonly TlsEngine _tls;

    public TlsFilesTests() => _tls = new TlsEngine(new OneLogger(_log));

    private string Kept => Path.Combine(_tls.Folder, "kept.pem");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _tls.DisposeAsync();

    [Fact]
    public async Task Endpoints_ThatChangeAfterARefusedReload_LeaveTheCertificateAsItWas()
    {
        var running = Read();
        _tls.Engine.Apply(running);
        var served = await ServedAsync();
        using var occupied = new TcpListener(IPAddress.Loopback, 0);
        occupied.Start();
        var refused = Read();
        var other = refused.Config.L7.Listeners[0] with { Name = "occupied", Bind = SocketEndpoint.Ip(IPAddress.Loopback, ((IPEndPoint)occupied.LocalEndpoint).Port) };
        var config = refused.Config with { L7 = refused.Config.L7 with { Listeners = refused.Config.L7.Listeners.Add(other) } };
        Should.Throw<L7ApplyException>(() => _tls.Engine.Apply(new Snapshot(refused.Generation, config, refused.Endpoints)));
        BreakFiles();

        _tls.Engine.Apply(Later(running));

        (await ServedAsync()).ShouldBe(served);
    }

    [Fact]
    public async Task Snapshot_ThatIsTakenBack_LeavesTheCertificateAsItWas()
    {
        var running = Read();
        _tls.Engine.Apply(running);
        var served = await ServedAsync();
        _tls.Engine.Apply(Read());
        (await ServedAsync()).ShouldNotBe(served);
        BreakFiles();

        _tls.Engine.Apply(running);
        (await ServedAsync()).ShouldBe(served);
        _tls.Engine.Apply(Later(running));
        (await ServedAsync()).ShouldBe(served);
    }

    [Fact]
    public async Task Snapshot_ThatIsTakenBack_LeavesWhoIsBelievedAsItWas()
    {
        var (certificate, key) = _tls.Authority.Sign(["origin.example.com"], "origin");
        _tls.SecureOrigin(new CertificateConfig { Cert = certificate, Key = key });
        var believed = Path.Combine(_tls.Folder, "believed.crt");
        File.Copy(_tls.Authority.CaFile, believed);
        var running = Read(believed);
        _tls.Engine.Apply(running);
        using var client = _tls.Client();
        (await client.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var stranger = new TestAuthority(_tls.Folder, "stranger");
        File.Copy(stranger.CaFile, believed, overwrite: true);
        _tls.Engine.Apply(Read(believed));
        (await client.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        File.Delete(believed);

        _tls.Engine.Apply(running);

        (await client.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("nothing\n")]
    public async Task CertificateByAcme_WhoseFileIsLost_IsServedUntilThereIsAnother(string? left)
    {
        var running = _tls.Snapshot(new ListenerTlsConfig { Certificates = [Issue(hours: 0)] });
        _tls.Engine.Apply(running);
        var served = await ServedAsync();
        Lose(left);

        _tls.Engine.Apply(Later(running));
        (await ServedAsync()).ShouldBe(served);
        _ = Issue(hours: 1);
        _tls.Engine.Apply(Later(running));
        (await ServedAsync()).ShouldNotBe(served);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("nothing\n")]
    public async Task CertificateByAcme_WhoseFileIsLost_IsServedOverReloads_AndSpokenOf(string? left)
    {
        _tls.Engine.Apply(_tls.Snapshot(new ListenerTlsConfig { Certificates = [Issue(hours: 0)] }));
        var served = await ServedAsync();
        _tls.Engine.Status().Warnings.ShouldBeEmpty();
        Lose(left);

        for (var i = 0; i < 3; i++)
        {
            _tls.Engine.Apply(_tls.Snapshot(new ListenerTlsConfig { Certificates = [ByAcme(), _tls.Certificate(["other.example.com"])] }));
            (await ServedAsync()).ShouldBe(served);
            var warning = _tls.Engine.Status().Warnings.ShouldHaveSingleItem();
            warning.ShouldStartWith($"listener https: certificate {Kept} is gone, or can't be served");
            _log.Messages.ShouldContain((LogLevel.Warning, warning));
        }

        _ = Issue(hours: 1);
        _tls.Engine.Apply(_tls.Snapshot(new ListenerTlsConfig { Certificates = [ByAcme()] }));
        (await ServedAsync()).ShouldNotBe(served);
        _tls.Engine.Status().Warnings.ShouldBeEmpty();
    }

    [Fact]
    public async Task CertificateByAcme_WhoseFileIsBackAsItWas_IsNoLongerSpokenOf()
    {
        _tls.Engine.Apply(_tls.Snapshot(new ListenerTlsConfig { Certificates = [Issue(hours: 0)] }));
        var served = await ServedAsync();
        File.Move(Kept, Kept + ".gone");
        var running = _tls.Snapshot(new ListenerTlsConfig { Certificates = [ByAcme()] });
        _tls.Engine.Apply(running);
        _tls.Engine.Status().Warnings.ShouldHaveSingleItem();
        File.Move(Kept + ".gone", Kept);

        _tls.Engine.Apply(Later(running));

        (await ServedAsync()).ShouldBe(served);
        _tls.Engine.Status().Warnings.ShouldBeEmpty();
    }

    [Fact]
    public async Task CertificateByAcme_ThatIsReplacedWhileAnotherFileIsGone_KeepsNoSnapshotFromBeingServed()
    {
        var other = _tls.Certificate(["other.example.com"]);
        var running = _tls.Snapshot(new ListenerTlsConfig { Certificates = [Issue(hours: 0), other] });
        _tls.Engine.Apply(running);
        var served = await ServedAsync();
        _ = Issue(hours: 1);
        File.Move(other.Cert, other.Cert + ".gone");

        _tls.Engine.Apply(Later(running));
        (await ServedAsync()).ShouldBe(served);
        File.Move(other.Cert + ".gone", other.Cert);
        _tls.Engine.Apply(Later(running));
        (await ServedAsync()).ShouldNotBe(served);
    }

    // As the keeper writes it, at a time of its own.
    private CertificateConfig Issue(int hours)
    {
        var (certificate, key) = _tls.Authority.Sign([Name], "issued");
        File.WriteAllText(Kept, File.ReadAllText(certificate) + File.ReadAllText(key));
        File.SetLastWriteTimeUtc(Kept, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddHours(hours));
        return ByAcme();
    }

    private CertificateConfig ByAcme() => new() { Acme = [Name], Cert = Kept, Key = Kept };

    private void Lose(string? left)
    {
        File.Delete(Kept);
        if (left is not null)
            File.WriteAllText(Kept, left);
    }

    // What a reload reads: another certificate in the same files, in objects of its own.
    private Snapshot Read(string? believed = null) => _tls.Snapshot(
        new ListenerTlsConfig { Certificates = [_tls.Certificate([Name])] },
        cluster: believed is null ? null : new ClusterTlsConfig { Ca = believed, ServerName = "origin.example.com" });

    // What discovery or health make of it.
    private static Snapshot Later(Snapshot snapshot) => new(
        snapshot.Generation + 10,
        snapshot.Config,
        snapshot.Endpoints.ToImmutableDictionary(one => one.Key, one => new ClusterEndpoints(one.Key, one.Value.Endpoints)));

    private void BreakFiles() => File.WriteAllText(Path.Combine(_tls.Folder, Name + ".crt"), "nothing\n");

    private async Task<string> ServedAsync()
    {
        await using var stream = await _tls.ConnectAsync();
        return new X509Certificate2(stream.RemoteCertificate!).Thumbprint; // There is one after a handshake.
    }

    /// <summary>Gives the same logger to all.</summary>
    private sealed class OneLogger(ILogger logger) : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) => logger;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
            // It has nothing.
        }
    }
}
