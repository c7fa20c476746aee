// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Tests;

public sealed class MergeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-config-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Load_Fragments_JoinSectionsInNameOrder()
    {
        Write("penstock.yaml", "node: lb1\nl7:\n  listeners: [{name: a, bind: \":80\", routes: one}]\n  routes: {one: [{to: c}]}\n");
        Write("conf.d/20.yaml", "l7:\n  listeners: [{name: c, bind: \":82\", routes: two}]\n  routes: {two: [{respond: {}}]}\n");
        Write("conf.d/10.yaml", "l7:\n  reactors: 2\n  listeners: [{name: b, bind: \":81\", routes: two}]\n  clusters: {c: {endpoints: \"10.0.0.1:80\"}}\n");
        Write("conf.d/.hidden.yaml", "nonsense: [");
        Write("conf.d/30.txt", "nonsense: [");

        var result = ConfigLoader.Load(Path.Combine(_folder, "penstock.yaml"));

        result.Lines().ShouldBeEmpty();
        result.Files.Select(f => Path.GetFileName(f.Name)).ShouldBe(["penstock.yaml", "10.yaml", "20.yaml"]);
        var config = result.Config.ShouldNotBeNull();
        config.Node.ShouldBe("lb1");
        config.L7.Reactors.ShouldBe(2);
        config.L7.Listeners.Select(l => l.Name).ShouldBe(["a", "b", "c"]);
        config.L7.Routes.Keys.ShouldBe(["one", "two"]);
        config.L7.Clusters.Keys.ShouldBe(["c"]);
    }

    [Fact]
    public void Load_FragmentNamedYml_IsNamedInAWarning()
    {
        Write("penstock.yaml", "node: lb1\n");
        Write("conf.d/10.yml", "nonsense: [");
        ConfigLoader.Load(Path.Combine(_folder, "penstock.yaml")).Lines()
            .ShouldHaveSingleItem().ShouldBe($"{_folder}/conf.d/10.yml:1:1: warning: a file that is not read; expected a name that ends in .yaml; did you mean '10.yaml'?");
    }

    [Fact]
    public void Load_FragmentLinkLeadsNowhere_IsAnError()
    {
        Write("penstock.yaml", "node: lb1\n");
        Write("conf.d/10.yaml", "");
        File.CreateSymbolicLink(Path.Combine(_folder, "conf.d/20.yaml"), "/nonexistent/site.yaml");
        ConfigLoader.Load(Path.Combine(_folder, "penstock.yaml")).Lines()
            .ShouldHaveSingleItem().ShouldBe($"{_folder}/conf.d/20.yaml:1:1: error: cannot open the file: No such file or directory; expected a readable YAML file");
    }

    [Theory]
    [InlineData("node: a", "node: b", "b.yaml:1:1: error: node: 'node' a second time; expected it once; first at a.yaml:1:1")]
    [InlineData("l7: {reactors: 1}", "l7: {reactors: 1}", "b.yaml:1:6: error: l7.reactors: 'reactors' a second time; expected it once; first at a.yaml:1:6")]
    [InlineData("l7: {routes: {x: {respond: {}}}}", "l7: {routes: {x: {respond: {}}}}", "b.yaml:1:15: error: l7.routes.x: 'x' a second time; expected it once; first at a.yaml:1:15")]
    [InlineData("l7: {clusters: {x: {host: endpoint}}}", "l7: {clusters: {x: {host: endpoint}}}", "b.yaml:1:17: error: l7.clusters.x: 'x' a second time; expected it once; first at a.yaml:1:17")]
    public void Parse_SetTwice_NamesBothPlaces(string first, string second, string line) =>
        Some.Parse(first, second).Lines().ShouldContain(line);

    [Fact]
    public void Parse_OneFileBroken_StillReportsTheOtherWithoutGuessingAtNames()
    {
        var lines = Some.Parse("l7:\n  listeners: [{name: a, bind: \":80\", routes: elsewhere}]\n  reactor: 1\n", "l7:\n  routes: {elsewhere: [").Lines();
        lines.Length.ShouldBe(2);
        lines[0].ShouldStartWith("a.yaml:3:3: error: l7: unknown key 'reactor'");
        lines[1].ShouldStartWith("b.yaml:3:1: error: a YAML syntax error");
    }

    [Fact]
    public void ContentHash_AnyByteChanged_Differs()
    {
        var hash = Some.Parse("node: a").ContentHash();
        hash.Length.ShouldBe(64);
        Some.Parse("node: a").ContentHash().ShouldBe(hash);
        Some.Parse("node: b").ContentHash().ShouldNotBe(hash);
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
