// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Model.Vrrp;
using Penstock.Tests;

namespace Penstock.Config.Tests;

public sealed class PeerTests : IDisposable
{
    private const string Files = "certificate: /a.crt, key: /a.key, ca: /ca.crt";
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-peers-").FullName;
    private readonly TestAuthority _authority;

    public PeerTests() => _authority = new TestAuthority(_folder);

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Peers_WellWritten_AreRead()
    {
        var peers = Some.Parse($"node: lb1\npeers: {{listen: 192.0.2.11, {Files}, hosts: [{{name: lb2, address: \"[2001:db8::2]:99\"}}], interval: 500ms}}\n").Config.ShouldNotBeNull().Peers.ShouldNotBeNull();

        peers.Listen.ToString().ShouldBe("192.0.2.11:9465");
        peers.Hosts.ShouldHaveSingleItem().Address.ToString().ShouldBe("[2001:db8::2]:99");
        peers.Interval.ShouldBe(TimeSpan.FromMilliseconds(500));
        peers.Timeout.ShouldBe(TimeSpan.FromSeconds(2));
    }

    [Theory]
    [InlineData("", "192.0.2.12", "192.0.2.11 192.0.2.12")]
    [InlineData("proxy: 10.0.0.1, ", "192.0.2.12, proxy: 10.0.0.2", "10.0.0.1 10.0.0.2")]
    public void L7ServiceWithoutBackends_GoesOverAllHosts(string own, string other, string hosts)
    {
        var config = Tier($"{own}listen: 192.0.2.11, {Files}, hosts: [{{name: lb2, address: {other}}}]", "forwarding: l7").Config.ShouldNotBeNull();

        string.Join(' ', config.L4.Services[0].Backends.Select(backend => backend.Address)).ShouldBe(hosts);
        config.L4.Services[0].Backends.ShouldAllBe(backend => backend.Weight == 1);
    }

    [Theory]
    [InlineData("forwarding: l7, spread: host", 0)]
    [InlineData("forwarding: l7, backends: [10.0.0.1, 10.0.0.2, 10.0.0.3]", 3)]
    public void L7Service_ThatSaysOtherwise_IsAsItSays(string service, int backends) =>
        Tier($"listen: 192.0.2.11, {Files}, hosts: [{{name: lb2, address: 192.0.2.12}}]", service).Config.ShouldNotBeNull().L4.Services[0].Backends.Length.ShouldBe(backends);

    [Theory]
    [InlineData("proxy: 192.0.2.100, listen: 192.0.2.11, " + Files + ", hosts: [{name: b, address: 192.0.2.12}]", "forwarding: l7, listen: \"tcp://203.0.113.1:443\"", "peers.proxy: address 192.0.2.100, which moves between hosts")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{name: b, address: 192.0.2.12, proxy: 192.0.2.100}]", "forwarding: l7, listen: \"tcp://203.0.113.1:443\"", "peers.hosts[0].proxy: address 192.0.2.100, which moves between hosts")]
    [InlineData("proxy: 10.0.0.1, listen: 192.0.2.11, " + Files + ", hosts: [{name: b, address: 192.0.2.12, proxy: 10.0.0.1}]", "forwarding: l7", "peers.hosts[0].proxy: proxy 10.0.0.1 a second time; expected an address of each host's own")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{name: b, address: 192.0.2.12}]", "forwarding: l7, listen: \"tcp://192.0.2.12:443\"", "l4.services[0].listen: address 192.0.2.12 of one host for a service that goes over all under peers; expected a virtual address, or spread: host")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{name: b, address: 192.0.2.12}]", "forwarding: dsr-ipip, backends: [10.0.0.1], spread: host", "spread with forwarding: dsr-ipip; expected forwarding: l7")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{name: b, address: 192.0.2.12}]", "forwarding: l7, backends: [10.0.0.1], spread: host", "spread beside backends")]
    public void ProxyTier_ThatCannotWork_IsRefused(string peers, string service, string line) => Tier(peers, service).Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Fact]
    public void Spread_OverPeersThatThereAreNot_IsRefused()
    {
        const string service = "l4: {engine: xdp, interface: eth0, services: [{name: web, listen: \"tcp://192.0.2.100:443\", forwarding: l7, spread: ";

        Some.Parse(service + "peers}]}\n").Lines().ShouldHaveSingleItem().ShouldContain("l4.services[0].spread: spread: peers without peers; expected peers: the other hosts, or spread: host");
        Some.Parse(service + "host}]}\n").Lines().ShouldBeEmpty();
    }

    private static ConfigResult Tier(string peers, string service) => Some.Parse(
        $"node: lb1\npeers: {{{peers}}}\nvrrp: [{{name: edge, interface: eth0, router_id: 1, addresses: [192.0.2.100/24]}}]\n"
        + $"l4: {{interface: eth0, services: [{{name: web, {(service.Contains("listen", StringComparison.Ordinal) ? "" : "listen: \"tcp://192.0.2.100:443\", ")}{service}}}]}}\n");

    [Theory]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{name: lb1, address: 192.0.2.12}]", "peer 'lb1', which is this node; expected the other hosts alone")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{name: LB1, address: 192.0.2.12}]", "peer 'LB1', which is this node")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{name: b, address: 192.0.2.12}, {name: b, address: 192.0.2.13}]", "peers.hosts[1].name: peer 'b' a second time; expected each host once; first at a.yaml:2:")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{name: b, address: 192.0.2.12}, {name: c, address: 192.0.2.12}]", "peers.hosts[1].address: address 192.0.2.12:9465 a second time")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{name: b, address: 192.0.2.11}]", "address 192.0.2.11:9465, on which this host listens")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: []", "0 hosts; expected 1 to 15")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{name: b}]", "no key 'address'")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{address: 192.0.2.12}]", "no key 'name'")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{name: b, address: 192.0.2.12, port: 1}]", "unknown key 'port'")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{name: b, address: lb2.example.com}]", "peers.hosts[0].address")]
    [InlineData("listen: 192.0.2.11, certificate: /a.crt, key: /a.key, hosts: [{name: b, address: 192.0.2.12}]", "no key 'ca'")]
    [InlineData("listen: 0.0.0.0, " + Files + ", hosts: [{name: b, address: 192.0.2.12}]", "expected the address of one host")]
    [InlineData("listen: \"unix:/run/x\", " + Files + ", hosts: [{name: b, address: 192.0.2.12}]", "peers.listen")]
    [InlineData("listen: 192.0.2.100, " + Files + ", hosts: [{name: b, address: 192.0.2.12}]", "address 192.0.2.100, which moves between hosts; expected an address that this host has by itself")]
    [InlineData("listen: 192.0.2.11, " + Files + ", hosts: [{name: b, address: 192.0.2.12}], interval: 1ms", "peers.interval")]
    [InlineData("listen: \"192.0.2.11:80\", " + Files + ", hosts: [{name: b, address: 192.0.2.12}]", "which overlaps peers.listen (192.0.2.11:80)")]
    public void Peers_ThatCannotWork_AreRefused(string peers, string line) =>
        Some.Parse($"node: lb1\npeers: {{{peers}}}\nvrrp: [{{name: edge, interface: eth0, router_id: 1, addresses: [192.0.2.100/24]}}]\nl7: {{listeners: [{{name: w, bind: \"192.0.2.11:80\", routes: main}}], {Some.Tail.Trim()}}}\n")
            .Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Fact]
    public void Peers_WithoutANode_AreRefused() =>
        Some.Parse($"peers: {{listen: 192.0.2.11, {Files}, hosts: [{{name: lb2, address: 192.0.2.12}}]}}\n").Lines()
            .ShouldHaveSingleItem().ShouldContain("a.yaml:1:1: error: node: peers without a node");

    [Fact]
    public void Files_ThatAreGood_AreTaken()
    {
        var (certificate, key) = _authority.Sign(["lb1"]);
        Check(certificate, key, _authority.CaFile).ShouldBeEmpty();
    }

    [Fact]
    public void Files_ThatAreBad_AreRefusedWhereTheyAreNamed()
    {
        var (certificate, key) = _authority.Sign(["lb1"]);
        var (otherCertificate, otherKey) = _authority.Sign(["lb3", "lb4"]);
        var (nameless, namelessKey) = _authority.Sign([], "nameless");
        var (server, serverKey) = _authority.Sign(["lb1"], "server", usage: "1.3.6.1.5.5.7.3.1");
        using var stranger = new TestAuthority(_folder, "stranger");
        var (foreign, foreignKey) = stranger.Sign(["lb1"], "foreign");
        var text = Path.Combine(_folder, "text");
        File.WriteAllText(text, "nothing\n");
        var secret = Path.Combine(_folder, "secret.key");
        File.WriteAllText(secret, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
        File.SetUnixFileMode(secret, UnixFileMode.UserRead);

        Check(_folder + "/none.crt", key, _authority.CaFile).ShouldHaveSingleItem().ShouldContain("error: peers.certificate: " + _folder + "/none.crt: cannot open the file: No such file or directory");
        Check(_folder, key, _authority.CaFile).ShouldHaveSingleItem().ShouldContain("a directory");
        Check(text, key, _authority.CaFile).ShouldHaveSingleItem().ShouldContain("text: no certificate; expected a file with BEGIN CERTIFICATE");
        Check(certificate, _folder + "/none.key", _authority.CaFile).ShouldHaveSingleItem().ShouldContain("error: peers.key: ");
        Check(certificate, otherKey, _authority.CaFile).ShouldHaveSingleItem().ShouldContain($"error: peers.key: {otherKey}: not the private key of {certificate}");
        Check(certificate, certificate, _authority.CaFile).ShouldHaveSingleItem().ShouldContain("no private key");
        Check(certificate, secret, _authority.CaFile).ShouldHaveSingleItem().ShouldContain("an encrypted private key");
        Check(certificate, key, text).ShouldHaveSingleItem().ShouldContain("error: peers.ca: ");
        Check(otherCertificate, otherKey, _authority.CaFile).ShouldHaveSingleItem().ShouldContain("a.yaml:2:41: error: peers.certificate: a certificate for lb3, lb4; expected subjectAltName=DNS:lb1");
        Check(nameless, namelessKey, _authority.CaFile).ShouldHaveSingleItem().ShouldContain("a certificate without a DNS name");
        Check(server, serverKey, _authority.CaFile).ShouldHaveSingleItem().ShouldContain("a certificate for another use");
        Check(foreign, foreignKey, _authority.CaFile).ShouldHaveSingleItem().ShouldContain("a certificate that no CA in");

        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Check(certificate, key, _authority.CaFile).ShouldHaveSingleItem().ShouldContain("a private key that everybody on this host can read");
    }

    [Fact]
    public void Files_ThatAreBad_WhereADaemonStarts_AreWarnedOf_AndRefuseNothing()
    {
        var (certificate, key) = _authority.Sign(["lb1"]);
        var (_, otherKey) = _authority.Sign(["lb3"]);
        using var stranger = new TestAuthority(_folder, "stranger");
        var (foreign, foreignKey) = stranger.Sign(["lb1"], "foreign");
        foreach (var (file, keyFile, line) in new[]
        {
            (_folder + "/none.crt", key, "warning: peers.certificate: " + _folder + "/none.crt: cannot open the file"),
            (certificate, otherKey, $"warning: peers.key: {otherKey}: not the private key of {certificate}"),
            (foreign, foreignKey, "warning: peers.certificate: a certificate that no CA in"),
        })
        {
            var result = Load(file, keyFile, _authority.CaFile, starts: true);
            result.Lines().ShouldHaveSingleItem().ShouldContain(line);
            result.Config.ShouldNotBeNull();
            Load(file, keyFile, _authority.CaFile).Config.ShouldBeNull();
        }

        Load(certificate, key, _authority.CaFile, starts: true, peer: "lb1").Lines().ShouldHaveSingleItem().ShouldContain("error: peers.hosts[0].name: peer 'lb1', which is this node");
    }

    [Theory]
    [InlineData(-1, "warning: peers.certificate: the certificate ended at ")]
    [InlineData(7, "warning: peers.certificate: the certificate ends at ")]
    public void Certificate_ThatEnds_IsWarnedOf(int days, string line)
    {
        var (certificate, key) = _authority.Sign(["lb1"], days: days);
        Check(certificate, key, _authority.CaFile).ShouldHaveSingleItem().ShouldContain(line);
    }

    [Theory]
    [InlineData(-1, "warning: peers.ca: the CA old of tests ended at ")]
    [InlineData(7, "warning: peers.ca: the CA old of tests ends at ")]
    public void Authority_ThatEnds_IsWarnedOf(int days, string line)
    {
        using var old = new TestAuthority(_folder, "old", days);
        var (certificate, key) = old.Sign(["lb1"]);
        Check(certificate, key, old.CaFile).ShouldHaveSingleItem().ShouldContain(line);
    }

    [Fact]
    public void Service_OverAllHosts_WhoseAddressThisHostHasNot_IsWarnedOf()
    {
        var (certificate, key) = _authority.Sign(["lb1"]);
        var text = $$"""
            node: lb1
            peers: {listen: 127.0.0.1, certificate: {{certificate}}, key: {{key}}, ca: {{_authority.CaFile}}, hosts: [{name: lb2, address: 127.0.0.2}]}
            l4: {interface: lo, services: [{name: web, listen: "tcp://203.0.113.10:80", forwarding: l7}]}
            """;

        ConfigLoader.Parse([new ConfigFile("a.yaml", Encoding.UTF8.GetBytes(text))], new NoInterfaces()).Lines().ShouldContain(
            line => line.Contains("warning: l4.services[0].listen: address 203.0.113.10, which this host has not, for a service that goes over all under peers; expected ip addr add 203.0.113.10 dev lo", StringComparison.Ordinal));
    }

    private static string[] Check(string certificate, string key, string ca) => Load(certificate, key, ca).Lines();

    private static ConfigResult Load(string certificate, string key, string ca, bool starts = false, string peer = "lb2") => ConfigLoader.Parse(
        [new ConfigFile("a.yaml", Encoding.UTF8.GetBytes($"node: lb1\npeers: {{listen: 127.0.0.1, certificate: {certificate}, key: {key}, ca: {ca}, hosts: [{{name: {peer}, address: 127.0.0.2}}]}}\n"))],
        new NoInterfaces(),
        starts);

    private sealed class NoInterfaces : IHostInterfaces
    {
        public IReadOnlyCollection<string> Names() => [];

        public IReadOnlyList<InterfaceAddress> Addresses(string name) => [];
    }
}
