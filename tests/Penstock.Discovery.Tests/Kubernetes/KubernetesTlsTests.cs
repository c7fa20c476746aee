// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography.X509Certificates;
using Penstock.Model.L7;
using Penstock.Tests;
using static Penstock.Discovery.Tests.Kubernetes.Recorded;

namespace Penstock.Discovery.Tests.Kubernetes;

/// <summary>Whom a source believes.</summary>
public sealed class KubernetesTlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-kubernetes-").FullName;
    private readonly TestAuthority _authority;

    public KubernetesTlsTests() => _authority = new TestAuthority(_folder);

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Certificate_OfTheCa_IsBelieved()
    {
        await using var server = Serve("localhost");
        await using var source = Source(server, await File.ReadAllTextAsync(_authority.CaFile));

        await source.UntilItHasAsync("10.1.0.1");
    }

    [Fact]
    public async Task Certificate_ForTheNameThatIsAskedFor_IsBelieved()
    {
        await using var server = Serve("kubernetes.default.svc");
        await using var source = Source(server, await File.ReadAllTextAsync(_authority.CaFile), "kubernetes.default.svc");

        await source.UntilItHasAsync("10.1.0.1");
    }

    [Fact]
    public async Task Certificate_ForAnotherName_IsRefused()
    {
        await using var server = Serve("other.example.com");
        await using var source = Source(server, await File.ReadAllTextAsync(_authority.CaFile));

        await IsRefusedAsync(source, server);
    }

    [Fact]
    public async Task Certificate_OfAnotherCa_IsRefused()
    {
        using var other = new TestAuthority(_folder, "other");
        await using var server = Serve("localhost");
        await using var source = Source(server, await File.ReadAllTextAsync(other.CaFile));

        await IsRefusedAsync(source, server);
    }

    private static async Task IsRefusedAsync(SourceUnderTest source, FakeApiServer server)
    {
        await source.UntilAsync(() => source.Warnings.Any(warning => warning.Contains("certificate", StringComparison.OrdinalIgnoreCase)));
        server.Requests.ShouldBeEmpty();
        source.Found.ShouldBeEmpty();
    }

    private FakeApiServer Serve(string name)
    {
        var (certificate, key) = _authority.Sign([name]);
        var server = new FakeApiServer(X509Certificate2.CreateFromPemFile(certificate, key));
        server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        return server;
    }

    private SourceUnderTest Source(FakeApiServer server, string ca, string? name = null) =>
        new(_folder, [SourceUnderTest.Gateway], _ => new KubernetesAccess(server.Address) { Token = "secret", Authorities = ca, ServerName = name });
}
