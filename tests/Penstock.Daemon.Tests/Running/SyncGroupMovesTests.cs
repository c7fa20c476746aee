// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Running;

namespace Penstock.Daemon.Tests.Running;

public sealed class SyncGroupMovesTests : IDisposable
{
    private const string Both = "{name: a, interface: eth0, router_id: 1, addresses: [10.8.0.1/24], sync_group: both}, {name: b, interface: eth0, router_id: 2, addresses: [10.8.0.2/24], sync_group: both}";
    private const string Alone = "{name: c, interface: eth0, router_id: 3, addresses: [10.8.0.3/24]}";

    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-moves-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(Both, Both + ", " + Alone)]
    [InlineData(Both + ", " + Alone, Both)]
    [InlineData(Alone, Both + ", " + Alone)]
    [InlineData(Both, "{name: a, interface: eth0, router_id: 1, addresses: [10.8.0.1/24], sync_group: both}")]
    [InlineData(Both, Both + ", {name: c, interface: eth0, router_id: 3, addresses: [10.8.0.3/24], sync_group: both}", "vrrp: c comes to the keepalived of both: the addresses of a, b are given up, and taken again about a second later")]
    [InlineData(Both + ", " + Alone, Both + ", {name: c, interface: eth0, router_id: 3, addresses: [10.8.0.3/24], sync_group: both}", "vrrp: c comes to the keepalived of both: the addresses of a, b, c are given up, and taken again about a second later")]
    [InlineData("{name: c, interface: eth0, router_id: 3, addresses: [10.8.0.3/24], sync_group: out}", Alone, "vrrp: c comes to the keepalived of c: the addresses of c are given up, and taken again about a second later")]
    public void Reload_ThatHasInstancesGiveTheirAddressesUp_SaysSo(string before, string now, params string[] warnings)
    {
        var file = Path.Combine(_folder, "penstock.yaml");
        var source = new ConfigSource(file, anyHost: true);
        File.WriteAllText(file, $"node: lb1\nvrrp: [{before}]\n");
        var first = source.Load();
        first.Diagnostics.ShouldBeEmpty();
        source.Running = () => first.Config;
        File.WriteAllText(file, $"node: lb1\nvrrp: [{now}]\n");

        source.Load().Diagnostics.Select(one => one.Message).ShouldBe(warnings);
        source.Load().Diagnostics.Select(one => one.Message).ShouldBe(warnings, "what was read last has not come to run");
    }

    [Fact]
    public void Reload_BackToWhatRuns_AfterOneThatWasRefused_SaysNothing()
    {
        var file = Path.Combine(_folder, "penstock.yaml");
        var source = new ConfigSource(file, anyHost: true);
        File.WriteAllText(file, $"node: lb1\nvrrp: [{Both}, {Alone}]\n");
        var first = source.Load();
        source.Running = () => first.Config;
        var joined = Alone.Replace("}", ", sync_group: both}", StringComparison.Ordinal);
        File.WriteAllText(file, $"node: lb1\nvrrp: [{Both}, {joined}]\n");
        source.Load().Diagnostics.ShouldHaveSingleItem();
        File.WriteAllText(file, $"node: lb1\nvrrp: [{Both}, {Alone}]\n");

        source.Load().Diagnostics.ShouldBeEmpty();
    }
}
