// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Config.Reading;
using Penstock.Model.L7;
using Penstock.Model.Vrrp;
using Penstock.Tests;

namespace Penstock.Config.Tests;

public sealed class KubernetesTests : IDisposable
{
    private const string Gateway = "service: istio-system/istio-ingressgateway, port: http2";

    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-kubeconfig-").FullName;
    private readonly TestAuthority _authority;

    public KubernetesTests() => _authority = new TestAuthority(_folder);

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Source_Alone_IsAListOfOne()
    {
        var source = Sources($"{{{Gateway}, kubeconfig: /etc/penstock/a.conf}}").ShouldHaveSingleItem();

        source.ShouldBe(new KubernetesDiscoveryConfig { Service = "istio-system/istio-ingressgateway", Port = "http2", Kubeconfig = "/etc/penstock/a.conf" });
        (source.Via, source.Family, source.Priority, source.Weight, source.PreferZone).ShouldBe((KubernetesVia.Pods, KubernetesFamily.PreferIpv4, 0, null, null));
    }

    [Fact]
    public void Sources_OfAList_AreReadAndEqualWhenWrittenAlike()
    {
        var text = $"[{{{Gateway}, kubeconfig: /a, weight: 90}}, {{{Gateway}, kubeconfig: /b, context: blue, via: external_nodes, family: ipv6, weight: 10, priority: 1, prefer_zone: eu-1a}}]";
        var (one, other) = (Discovery(text), Discovery(text));

        one.ShouldBe(other);
        one.GetHashCode().ShouldBe(other.GetHashCode());
        one.Kubernetes[1].ShouldBe(new KubernetesDiscoveryConfig
        {
            Service = "istio-system/istio-ingressgateway",
            Port = "http2",
            Kubeconfig = "/b",
            Context = "blue",
            Via = KubernetesVia.ExternalNodes,
            Family = KubernetesFamily.Ipv6,
            Weight = 10,
            Priority = 1,
            PreferZone = "eu-1a",
        });
        one.ShouldNotBe(Discovery(text.Replace("blue", "green", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("{service: istio-ingressgateway}", "expected a namespace and a name, such as istio-system/istio-ingressgateway")]
    [InlineData("{service: istio-ingressgateway.istio-system.svc}", "did you mean 'istio-system/istio-ingressgateway'?")]
    [InlineData("{service: Istio/gw}", "expected a namespace and a name")]
    [InlineData("{service: a/b/c}", "expected a namespace and a name")]
    [InlineData("{port: http2}", "no key 'service'")]
    [InlineData("[]", "an empty list; expected at least one source")]
    [InlineData("{service: a/b, via: node_ports}", "expected pods, nodes or external_nodes")]
    [InlineData("{service: a/b, family: inet6}", "expected prefer_ipv4, ipv4, ipv6 or any")]
    [InlineData("[{service: a/b, kubeconfig: /a, family: ipv4}, {service: a/b, kubeconfig: /a, family: ipv6}]", "the same source a second time; expected each once")]
    [InlineData("{service: a/b, weight: 0}", "expected a whole number from 1 to 1000")]
    [InlineData("{service: a/b, context: blue}", "context without kubeconfig")]
    [InlineData("[{service: a/b, kubeconfig: /a}, {service: a/b, kubeconfig: /a, priority: 1}]", "the same source a second time; expected each once")]
    [InlineData("[{service: a/b, kubeconfig: /a, weight: 1}, {service: a/b, kubeconfig: /b}]", "no weight where others of the list have one")]
    public void Source_OneFault_IsReported(string sources, string line) =>
        Some.Parse(Text(sources)).Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Fact]
    public void Kubeconfig_OfAnotherHost_IsNotLookedAt() => Some.Parse(Text("{service: a/b, kubeconfig: /nowhere}")).Lines().ShouldBeEmpty();

    [Fact]
    public void Kubeconfig_ThatIsMissing_IsAnErrorAtItsPlaceAndAWarningForADaemonThatStarts()
    {
        Load("/nowhere").Lines().ShouldHaveSingleItem().ShouldBe(
            "a.yaml:5:60: error: l7.clusters.c.discovery.kubernetes[0].kubeconfig: /nowhere: cannot open the file: No such file or directory");
        Load("/nowhere", starts: true).Lines().ShouldHaveSingleItem().ShouldContain("warning: ");
    }

    [Fact]
    public void Read_ClientCertificate_IsTakenFromDataAndFiles()
    {
        var (certificate, key) = _authority.Sign(["lb1"]);
        var inline = Read(Config($"client-certificate-data: {Data(certificate)}, client-key-data: {Data(key)}"));
        var files = Read(Config("client-certificate: lb1.crt, client-key: lb1.key"));

        inline.Server.ShouldBe(new Uri("https://192.0.2.1:6443"));
        inline.Authorities.ShouldBe(File.ReadAllText(_authority.CaFile));
        (inline.Certificate, inline.Key).ShouldBe((File.ReadAllText(certificate), File.ReadAllText(key)));
        files.ShouldBe(inline);
        inline.ToString().ShouldBe("https://192.0.2.1:6443/");
    }

    [Fact]
    public void Read_Authorities_SayWhereTheyStand()
    {
        Read(Config("token: abc")).AuthoritiesFrom.ShouldBe(_authority.CaFile);
        Read(Config("token: abc", "server: \"https://192.0.2.1:6443\", certificate-authority: ca.crt")).AuthoritiesFrom.ShouldBe(_authority.CaFile);
        Read(Config("token: abc", $"server: \"https://192.0.2.1:6443\", certificate-authority-data: {Data(_authority.CaFile)}")).AuthoritiesFrom
            .ShouldBe($"{Path.Combine(_folder, "kube.conf")} (certificate-authority-data)");
        Read(Config("token: abc", "server: \"https://192.0.2.1:6443\"")).AuthoritiesFrom.ShouldBeNull();
    }

    [Fact]
    public void Read_Tokens_AreTakenAsTheyStand()
    {
        var file = Write("token", "abc.def\n");

        Read(Config("token: abc")).Token.ShouldBe("abc");
        var rotated = Read(Config("token: abc, tokenFile: token"));
        (rotated.Token, rotated.TokenFile).ShouldBe((null, file));
    }

    [Fact]
    public void Read_Contexts_AreChosenByName()
    {
        var path = Write("two.conf", Config("token: abc") + "- {name: green, context: {cluster: main, user: nobody}}\n");

        Fault(path, "green").ShouldContain("no user 'nobody' in users");
        Fault(path, "red").ShouldContain("no context 'red' in contexts");
    }

    [Theory]
    [InlineData("exec: {command: aws}", "exec, which is not supported; expected a token file")]
    [InlineData("auth-provider: {name: gcp}", "auth-provider, which is not supported")]
    [InlineData("username: a, password: b", "username, which is not supported")]
    [InlineData("token: abc, as: admin", "as, which is not supported")]
    [InlineData("{}", "nothing to prove this host by")]
    [InlineData("token: \"a b\"", "a token of other than visible ASCII characters")]
    [InlineData("tokenFile: none", "none: cannot open the file")]
    [InlineData("client-certificate-data: aGFsbG8=", "a client certificate without its key")]
    [InlineData("client-certificate-data: aGFsbG8=, client-key-data: aGFsbG8=", "do not belong together, or can't be read")]
    [InlineData("client-key-data: \"%\"", "client-key-data that is no base64")]
    public void User_ThatCantBeUsed_IsRefused(string user, string fault) => Fault(Write("a.conf", Config(user))).ShouldContain(fault);

    [Theory]
    [InlineData("server: \"https://192.0.2.1:6443\", insecure-skip-tls-verify: true", "insecure-skip-tls-verify, with which anybody")]
    [InlineData("server: \"https://192.0.2.1:6443\", proxy-url: \"http://proxy\"", "proxy-url, which is not supported")]
    [InlineData("server: \"http://192.0.2.1:8080\"", "no server that can be used")]
    [InlineData("server: \"https://user@192.0.2.1:6443\"", "no server that can be used")]
    [InlineData("server: 192.0.2.1", "no server that can be used")]
    [InlineData("{}", "no server that can be used")]
    [InlineData("server: \"https://192.0.2.1:6443\", certificate-authority-data: aGFsbG8=", "certificate-authority without a certificate")]
    public void Cluster_ThatCantBeUsed_IsRefused(string cluster, string fault) => Fault(Write("a.conf", Config("token: abc", cluster))).ShouldContain(fault);

    [Fact]
    public void Server_OnThisHost_MayBeWithoutTlsAndProof()
    {
        var access = Read(Config("{}", "server: \"http://127.0.0.1:8001\""));

        (access.Server.Port, access.Token).ShouldBe((8001, null));
    }

    [Fact]
    public void Secrets_ThatEverybodyCanRead_AreRefused()
    {
        var path = Write("a.conf", Config("token: abc"));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.OtherRead);

        Fault(path).ShouldContain("a secret in a file that everybody on this host can read");
    }

    [Theory]
    [InlineData("", "no kubeconfig")]
    [InlineData("[a]", "no kubeconfig")]
    [InlineData("clusters: [", "YAML syntax error")]
    [InlineData("apiVersion: v1", "no current-context")]
    [InlineData("current-context: a", "no list contexts")]
    public void File_ThatIsNoKubeconfig_IsRefused(string text, string fault) => Fault(Write("a.conf", text)).ShouldContain(fault);

    [Fact]
    public void Faults_OfSecrets_DoNotTellThem()
    {
        var path = Write("a.conf", Config("client-key-data: \"%SECRET\", token: \"S E C R E T\""));

        Fault(path).ShouldNotContain("SECRET");
    }

    private static string Text(string sources) =>
        $"l7:\n  listeners: [{{name: a, bind: \":80\", routes: main}}]\n  routes: {{main: {{to: c}}}}\n  clusters:\n    c: {{discovery: {{kubernetes: {sources}}}}}\n";

    private static DiscoveryConfig Discovery(string sources)
    {
        var result = Some.Parse(Text(sources));
        result.Lines().ShouldBeEmpty();
        return result.Config.ShouldNotBeNull().L7.Clusters["c"].Discovery.ShouldNotBeNull();
    }

    private static IReadOnlyList<KubernetesDiscoveryConfig> Sources(string sources) => Discovery(sources).Kubernetes;

    private static ConfigResult Load(string kubeconfig, bool starts = false) =>
        ConfigLoader.Parse([new ConfigFile("a.yaml", Encoding.UTF8.GetBytes(Text($"{{service: a/b, kubeconfig: {kubeconfig}}}")))], new NoInterfaces(), starts);

    private static string Fault(string path, string? context = null)
    {
        var faults = new List<string>();
        Kubeconfig.Read(new KubernetesDiscoveryConfig { Service = "a/b", Kubeconfig = path, Context = context }, faults).ShouldBeNull();
        return string.Join('\n', faults);
    }

    private static string Data(string path) => Convert.ToBase64String(File.ReadAllBytes(path));

    private string Config(string user, string? cluster = null) =>
        $"""
        apiVersion: v1
        kind: Config
        current-context: blue
        preferences: {"{}"}
        clusters:
        - name: main
          cluster: {Braced(cluster ?? $"server: \"https://192.0.2.1:6443\", certificate-authority: {_authority.CaFile}")}
        users:
        - name: lb
          user: {Braced(user)}
        contexts:
        - name: blue
          context:
            cluster: main
            user: lb
            namespace: default

        """;

    private static string Braced(string entries) => entries.StartsWith('{') ? entries : "{" + entries + "}";

    private KubernetesAccess Read(string text)
    {
        var faults = new List<string>();
        var access = Kubeconfig.Read(new KubernetesDiscoveryConfig { Service = "a/b", Kubeconfig = Write("kube.conf", text) }, faults);
        faults.ShouldBeEmpty();
        return access.ShouldNotBeNull();
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    private sealed class NoInterfaces : IHostInterfaces
    {
        public IReadOnlyCollection<string> Names() => [];

        public IReadOnlyList<InterfaceAddress> Addresses(string name) => [];
    }
}
