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
        await using var source = Source(server, _authority.CaFile);

        await source.UntilItHasAsync("10.1.0.1");
    }

    [Fact]
    public async Task Certificate_ForTheNameThatIsAskedFor_IsBelieved()
    {
        await using var server = Serve("kubernetes.default.svc");
        await using var source = Source(server, _authority.CaFile, "kubernetes.default.svc");

        await source.UntilItHasAsync("10.1.0.1");
    }

    [Fact]
    public async Task Certificate_ForAnotherName_IsRefused()
    {
        await using var server = Serve("other.example.com");
        await using var source = Source(server, _authority.CaFile);

        await IsRefusedAsync(source, server, "its certificate is not for localhost: have a name that it is for as the host of server, or as tls-server-name, in the kubeconfig");
    }

    [Fact]
    public async Task Certificate_OfAnotherCa_IsRefusedWithTheFileThatLacksIt()
    {
        using var other = new TestAuthority(_folder, "other");
        await using var server = Serve("localhost");
        await using var source = Source(server, other.CaFile);

        await IsRefusedAsync(source, server, $"its certificate is not signed by a CA in {other.CaFile}: put the CA of this API server there, or correct the address of the server");
    }

    [Fact]
    public async Task Certificate_OfNoCaOfTheSystem_IsRefused()
    {
        await using var server = Serve("localhost");
        await using var source = Source(server, ca: null);

        await IsRefusedAsync(source, server, "its certificate is not signed by a CA that this system knows: name the API server's own by certificate-authority in the kubeconfig");
    }

    [Fact]
    public async Task Certificate_ThatHasEnded_IsRefusedWithItsTime()
    {
        await using var server = Serve("localhost", days: -1);
        await using var source = Source(server, _authority.CaFile);

        await IsRefusedAsync(source, server, "its certificate is valid from ");
    }

    private static async Task IsRefusedAsync(SourceUnderTest source, FakeApiServer server, string reason)
    {
        await source.UntilAsync(() => source.Warnings.Any(warning => warning.Contains($"EndpointSlices can't be listed: {reason}", StringComparison.Ordinal)));
        server.Requests.ShouldBeEmpty();
        source.Found.ShouldBeEmpty();
    }

    private FakeApiServer Serve(string name, int days = 100)
    {
        var (certificate, key) = _authority.Sign([name], days: days);
        var server = new FakeApiServer(X509Certificate2.CreateFromPemFile(certificate, key));
        server.Put(Slices, "gw-a", Slice("gw-a", Pod("10.1.0.1")));
        return server;
    }

    private SourceUnderTest Source(FakeApiServer server, string? ca, string? name = null)
    {
        var access = new KubernetesAccess(server.Address) { Token = "secret", Authorities = ca is null ? null : File.ReadAllText(ca), AuthoritiesFrom = ca, ServerName = name };
        return new SourceUnderTest(_folder, [SourceUnderTest.Gateway], _ => access);
    }
}
