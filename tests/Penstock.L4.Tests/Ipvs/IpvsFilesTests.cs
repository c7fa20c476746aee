// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.L4.Ipvs;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Ipvs;

public sealed class IpvsFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pst-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Owned_IsKnownToTheNextDaemon_AndGoesWhenNothingIs()
    {
        var path = Path.Combine(_folder, "run/penstock/ipvs.services");
        using var owned = IpvsOwned.Open(path);
        owned.Has("a").ShouldBeFalse();

        owned.Begin(["a", "b"]);
        IpvsOwned.Read(path).ShouldContain("b"); // before it is made
        owned.Commit();
        owned.Begin(["a"]);
        IpvsOwned.Read(path).ShouldBe(["a", "b"], ignoreOrder: true); // b is not gone yet
        owned.Commit();
        IpvsOwned.Read(path).ShouldBe(["a"]);

        owned.Begin([]);
        owned.Commit();
        Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(path)!).ShouldBe([path + ".lock"]); // It has a folder.
    }

    [Fact]
    public void Owned_OfADaemonThatRuns_IsRefusedToAnother()
    {
        var path = Path.Combine(_folder, "ipvs.services");
        using (var owned = IpvsOwned.Open(path))
        {
            owned.Begin(["a"]);
            owned.Commit();
            Should.Throw<L4ApplyException>(() => IpvsOwned.Open(path)).Message.ShouldContain($"another process runs the services listed in {path}");
        }

        using var next = IpvsOwned.Open(path);
        next.Has("a").ShouldBeTrue();
    }

    [Fact]
    public void Owned_AfterAChangeThatFailed_IsWhatItWas()
    {
        var path = Path.Combine(_folder, "ipvs.services");
        using var owned = IpvsOwned.Open(path);
        owned.Begin(["a"]);
        owned.Commit();
        owned.Begin(["another's"]);

        owned.Return();

        (owned.Has("a"), owned.Has("another's")).ShouldBe((true, false));
        IpvsOwned.Read(path).ShouldBe(["a"]);
        Directory.EnumerateFileSystemEntries(_folder).ShouldBe([path, path + ".lock"], ignoreOrder: true);
    }

    [Theory]
    [InlineData(".before")]
    [InlineData(".next")]
    [InlineData(".new")]
    public void Owned_DiskFullAtAnyWrite_IsWhatItWasUntilThereIsRoom(string part)
    {
        var path = Path.Combine(_folder, "ipvs.services");
        using var owned = IpvsOwned.Open(path);
        owned.Begin(["a"]);
        owned.Commit();
        File.CreateSymbolicLink(path + part, "/dev/full");

        Should.Throw<L4ApplyException>(() => owned.Begin(["b"])).Message.ShouldStartWith($"l4: {path}, which lists what this daemon has made in IPVS, can't be written, so IPVS stays as it is: No space left on device");

        (owned.Has("a"), owned.Has("b")).ShouldBe((true, false));
        IpvsOwned.Read(path).ShouldBe(["a"]);
        File.CreateSymbolicLink(path + part, "/dev/full");
        owned.Begin(["a"]); // takes no room
        owned.Commit();
        File.Delete(path + part);
        owned.Begin(["b"]);
        owned.Commit();
        IpvsOwned.Read(path).ShouldBe(["b"]);
        Directory.EnumerateFileSystemEntries(_folder).ShouldBe([path, path + ".lock"], ignoreOrder: true);
    }

    [Fact]
    public void Sysctls_AreSetWhereConfigured_AndReportedElsewhere()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "net/ipv4/vs"));
        File.WriteAllText(Path.Combine(_folder, "net/ipv4/vs/expire_nodest_conn"), "0\n");
        File.WriteAllText(Path.Combine(_folder, "net/ipv4/ip_forward"), "0\n");
        var sysctls = new IpvsSysctls(_folder);
        var service = new ServiceConfig { Name = "web", Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.1"), 80, 80), Forwarding = Forwarding.Nat };

        sysctls.Check(new L4Config { Services = [service] }).Count().ShouldBe(2);
        sysctls.Apply(new IpvsConfig { Sysctls = ImmutableSortedDictionary<string, int>.Empty.Add("expire_nodest_conn", 1) });
        sysctls.Check(new L4Config { Services = [service] }).ShouldHaveSingleItem().ShouldStartWith("net.ipv4.ip_forward is 0");

        Should.Throw<L4ApplyException>(() => sysctls.Apply(new IpvsConfig { Sysctls = ImmutableSortedDictionary<string, int>.Empty.Add("no/such", 1) }))
            .Message.ShouldStartWith("l4.ipvs.sysctls: net.ipv4.vs.no/such can't be set to 1");
    }

    [Fact]
    public void Connections_AreFoundInTheKernelsList()
    {
        string[] lines =
        [
            "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData",
            "TCP C6336402 9C40 CB00710A 0050 0A00000B 1F90 ESTABLISHED     899",
            "UDP [2001:db8:0001::2] 9C41 [2001:db8:0005::10] 0035 [2001:db8::11] 0035 UDP             300",
        ];

        IpvsConnections.Find(lines, IPEndPoint.Parse("198.51.100.2:40000"), IPEndPoint.Parse("203.0.113.10:80"), TransportProtocol.Tcp)
            .ShouldBe((IPEndPoint.Parse("10.0.0.11:8080"), "ESTABLISHED"));
        IpvsConnections.Find(lines, IPEndPoint.Parse("[2001:db8:1::2]:40001"), IPEndPoint.Parse("[2001:db8:5::10]:53"), TransportProtocol.Udp)
            .ShouldBe((IPEndPoint.Parse("[2001:db8::11]:53"), "UDP"));
        IpvsConnections.Find(lines, IPEndPoint.Parse("198.51.100.2:40000"), IPEndPoint.Parse("203.0.113.10:80"), TransportProtocol.Udp).ShouldBeNull();
    }
}
