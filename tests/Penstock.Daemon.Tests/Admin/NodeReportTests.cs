// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.Daemon.Admin;
using Penstock.Daemon.Commands;

namespace Penstock.Daemon.Tests.Admin;

/// <summary>Each thing that is left on a host keeps it from being empty, and is named.</summary>
public sealed class NodeReportTests
{
    private static readonly NodeReport s_empty = new("lb1", NodeReport.Drain, DateTimeOffset.UnixEpoch, Roles: [], Peers: [], Announced: [], Connections: 0, Relayed: 0, HandingOver: false);

    [Fact]
    public void Host_ThatHasNothing_IsEmptyOnceItDrains()
    {
        (s_empty.IsEmpty, DrainText.Left(s_empty)).ShouldBe((true, "nothing is left"));
        (s_empty with { State = NodeReport.Ready }).IsEmpty.ShouldBeFalse();
    }

    [Fact]
    public void Host_ThatHasSomething_IsNotEmpty_AndSaysWhat()
    {
        (NodeReport Report, string Text)[] hosts =
        [
            (s_empty with { Roles = ["edge"] }, "no other host has taken edge"),
            (s_empty with { Roles = ["edge"], HandingOver = true }, "handing over edge"),
            (s_empty with { HandingOver = true }, "handing over"),
            (s_empty with { Peers = ["lb2"] }, "new flows may come from lb2"),
            (s_empty with { Announced = ["203.0.113.10", "2001:db8::10"] }, "routers may still be told of 203.0.113.10, 2001:db8::10"),
            (s_empty with { Connections = 1 }, "1 HTTP connection left"),
            (s_empty with { Relayed = 2 }, "2 relayed connections left"),
            (s_empty with { Announced = ["203.0.113.10"], Connections = 2 }, "routers may still be told of 203.0.113.10; 2 HTTP connections left"),
        ];
        foreach (var (report, text) in hosts)
            (report.IsEmpty, DrainText.Left(report)).ShouldBe((false, text));
    }

    [Fact]
    public void Host_InMaintenance_SaysWhenWhatIsLeftIsEnded()
    {
        var host = s_empty with { State = NodeReport.Maintenance, EndsAt = DateTimeOffset.UnixEpoch.AddMinutes(5), By = "alice", Why = "disk" };

        (host.IsEmpty, DrainText.Left(host), DrainText.Since(host)).ShouldBe((true, "nothing is left", "is in maintenance since 1970-01-01 00:00:00Z by alice (disk)"));
        DrainText.Left(host with { Connections = 1 }).ShouldBe("1 HTTP connection left; connections are ended at 1970-01-01 00:05:00Z");
    }

    [Fact]
    public void Json_NamesAddressesThatAreAnnounced() =>
        JsonSerializer.Serialize(s_empty with { Announced = ["203.0.113.10"] }, AdminJson.Default.NodeReport).ShouldMatch("\"announced\": \\[\\s*\"203.0.113.10\"\\s*\\]");
}
