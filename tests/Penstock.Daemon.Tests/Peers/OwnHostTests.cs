// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Text.Json;
using Penstock.Daemon.Peers;
using Penstock.Model;
using Penstock.Model.Vrrp;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Tests.Peers;

/// <summary>What a host tells of itself is never more than its peers take: they would call it down.</summary>
public sealed class OwnHostTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(255, 20, 1024)]
    public void Report_ThatIsNotTooLong_TellsAll(int instances, int addresses, int announced)
    {
        var report = Report(instances, addresses, announced, number => $"203.0.{number / 256}.{number % 256}");

        (report.HasMore, report.Bgp!.HasMore).ShouldBe((false, false));
        report.Vrrp.Count.ShouldBe(instances);
        report.Vrrp.Sum(instance => instance.Addresses.Count).ShouldBe(instances * addresses);
        report.Bgp.Addresses.Count.ShouldBe(announced);
    }

    [Theory]
    [InlineData(0, 0, 10_000, false, true)]
    [InlineData(255, 100, 1025, true, true)]
    [InlineData(2000, 1, 0, true, false)]
    public void Report_ThatWouldBeTooLong_SaysThatThereIsMore(int instances, int addresses, int announced, bool hasMore, bool announcesMore)
    {
        var report = Report(instances, addresses, announced, number => $"2001:db8:1111:2222:3333:4444:{(number / 65536) + 0x1000:x}:{number % 65536:x}");

        (report.HasMore, report.Bgp!.HasMore).ShouldBe((hasMore, announcesMore));
        report.Bgp.Addresses.Count.ShouldBe(Math.Min(announced, PeerReport.MostItems));
        JsonSerializer.SerializeToUtf8Bytes(report, PeerJson.Default.PeerReport).Length.ShouldBeLessThan(PeerReport.MostBytes);
        report.Trouble().ShouldBeNull();
    }

    private static PeerReport Report(int instances, int addresses, int announced, Func<int, string> address)
    {
        VrrpInstanceConfig[] configured = [.. Enumerable.Range(0, instances).Select(number =>
            new VrrpInstanceConfig { Name = $"instance-{number}", Interface = "eth0", RouterId = (number % 255) + 1, Addresses = [] })];
        var vrrp = new VrrpStatus(
            [
                .. configured.Select(one => new VrrpInstanceStatus(
                    one.Name, one.Interface, one.RouterId, VrrpRole.Backup, DateTimeOffset.UnixEpoch.AddTicks(1), 254, -254, [], [.. Enumerable.Range(0, addresses).Select(number => address(number) + "/32")], 0)),
            ],
            [],
            []);
        var bgp = new BgpStatus(
            BgpPhase.Serving,
            [],
            [.. Enumerable.Range(0, announced).Select(number => new BgpAddressStatus(address(number), Announced: false, []))],
            new BirdStatus(1, [], ImmutableSortedDictionary<string, long>.Empty, 0),
            []);
        var config = new ApplianceConfig { Node = "lb1", Vrrp = [.. configured] };
        var snapshot = new Snapshot(1, config, ImmutableDictionary.Create<string, ClusterEndpoints>(StringComparer.Ordinal));
        return new OwnHost(() => vrrp, () => bgp, () => PeerReport.Running).Report(snapshot, DateTimeOffset.UnixEpoch, new string('0', 32), []);
    }
}
