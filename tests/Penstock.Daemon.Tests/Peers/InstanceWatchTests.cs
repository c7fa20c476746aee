// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Daemon.Peers;
using Penstock.Model.Vrrp;
using Penstock.Tests;

namespace Penstock.Daemon.Tests.Peers;

public sealed class InstanceWatchTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly RecordingLogger<PeerTier> _log = new();
    private readonly InstanceWatch _watch;

    public InstanceWatchTests() => _watch = new InstanceWatch(_log, _time);

    [Fact]
    public void TwoMasters_ForLongerThanAMoveTakes_AreASplitBrain()
    {
        // Five adverts of 100 ms, and the time between two questions.
        Look(VrrpRole.Master, VrrpRole.Master);
        Pass(s_second);
        Look(VrrpRole.Master, VrrpRole.Master);
        _watch.Findings.ShouldBeEmpty();
        Pass(s_second);
        Look(VrrpRole.Master, VrrpRole.Master);

        var finding = _watch.Findings.ShouldHaveSingleItem();
        finding.Masters.ShouldBe(["lb2"]);
        finding.Text.ShouldStartWith("split brain: VRRP instance edge is MASTER on this host and on lb2 since 2026-01-01 00:00:00Z");
        Pass(s_second);
        Look(VrrpRole.Master, VrrpRole.Backup);

        _watch.Findings.ShouldBeEmpty();
        Logged().ShouldBe([(LogLevel.Warning, finding.Text), (LogLevel.Information, "VRRP instance edge has one master again")]);
    }

    [Fact]
    public void TwoMasters_ForTheTimeOfAMove_AreNone()
    {
        for (var i = 0; i < 5; i++)
        {
            Look(VrrpRole.Master, VrrpRole.Master);
            Pass(s_second);
            Look(VrrpRole.Master, VrrpRole.Backup);
            Pass(s_second);
        }

        _watch.Findings.ShouldBeEmpty();
        Logged().ShouldBeEmpty();
    }

    [Fact]
    public void NoMaster_WhereEveryPeerSaysSo_IsFound()
    {
        Look(VrrpRole.Backup, VrrpRole.Fault);
        Pass(s_second * 2);
        Look(VrrpRole.Backup, VrrpRole.Fault);
        _watch.Findings.ShouldHaveSingleItem().Text.ShouldStartWith("no master: VRRP instance edge is MASTER neither on this host nor on a peer");
        Pass(s_second);
        Look(VrrpRole.Master, VrrpRole.Fault);

        _watch.Findings.ShouldBeEmpty();
    }

    [Fact]
    public void NoMaster_WhereAPeerDoesNotAnswer_IsNotSaid()
    {
        for (var i = 0; i < 10; i++, Pass(s_second))
            Look([Own(VrrpRole.Backup)], Peer("lb2", VrrpRole.Backup), Down("lb3"));

        _watch.Findings.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(VrrpRole.Unknown, VrrpRole.Backup)]
    [InlineData(VrrpRole.Backup, VrrpRole.Unknown)]
    public void NoMaster_WhereARoleIsNotKnown_IsNotSaid(VrrpRole here, VrrpRole there)
    {
        for (var i = 0; i < 10; i++, Pass(s_second))
            Look(here, there);

        _watch.Findings.ShouldBeEmpty();
    }

    [Fact]
    public void NoMaster_UntilARoleIsNotKnown_IsSaidNoMore()
    {
        Look(VrrpRole.Backup, VrrpRole.Fault);
        Pass(s_second * 2);
        Look(VrrpRole.Backup, VrrpRole.Fault);
        _watch.Findings.Count.ShouldBe(1);
        Look(VrrpRole.Backup, VrrpRole.Unknown);

        _watch.Findings.ShouldBeEmpty();
        Logged()[^1].Text.ShouldBe("VRRP instance edge can be told of no more: a role is not known");
    }

    [Fact]
    public void Master_WhoDiedSinceItSaidSo_IsNone()
    {
        // lb2's last word was that it is master; its next answer is waited for while lb3 answers.
        var stale = Peer("lb2", VrrpRole.Master);
        for (var i = 0; i < 10; i++, Pass(s_second))
            Look([Own(VrrpRole.Master)], stale, Peer("lb3", VrrpRole.Backup));

        _watch.Findings.ShouldBeEmpty();
    }

    [Fact]
    public void SplitBrain_WhileAQuestionIsLost_Stays_AndGoesWhenThePeerIsDown()
    {
        Look(VrrpRole.Master, VrrpRole.Master);
        Pass(s_second * 2);
        Look(VrrpRole.Master, VrrpRole.Master);
        Look([Own(VrrpRole.Master)], Peer("lb2", VrrpRole.Master) with { Fault = PeerFaultKind.Timeout });
        _watch.Findings.Count.ShouldBe(1);
        Look([Own(VrrpRole.Master)], Down("lb2"));

        _watch.Findings.ShouldBeEmpty();
        Logged()[^1].Text.ShouldBe("VRRP instance edge can be told of no more: a peer does not answer");
    }

    [Fact]
    public void Instances_OfOtherRouters_AreNotMixedUp()
    {
        // The same id on another link, with other addresses; the same addresses under another name.
        var elsewhere = new PeerInstance("inner", 51, "ipv4", VrrpRole.Master, Since: null, 100, 0, ["10.9.9.9/24"]);
        var renamed = new PeerInstance("outer", 52, "ipv4", VrrpRole.Backup, Since: null, 100, 0, ["203.0.113.10/32"]);
        var peer = Peer("lb2", VrrpRole.Unknown);
        peer = peer with { Report = peer.Report! with { Vrrp = [elsewhere, renamed] } };

        Own(VrrpRole.Master).On(peer.Report).ShouldBe(renamed);
        (Own(VrrpRole.Master) with { State = Own(VrrpRole.Master).State with { Addresses = ["192.0.2.1/24"] } }).On(peer.Report).ShouldBeNull();
    }

    [Fact]
    public void Instance_ThatAPeerHasNoRoomFor_MayHaveItsMasterThere()
    {
        var peer = Peer("lb2", VrrpRole.Backup);
        var whole = peer with { Report = peer.Report! with { Vrrp = [] } };
        var cut = whole with { Report = whole.Report! with { HasMore = true } };
        foreach (var (asked, findings) in (ReadOnlySpan<(PeerView, int)>)[(cut, 0), (whole, 1)])
        {
            Look([Own(VrrpRole.Backup)], asked);
            Pass(s_second * 2);
            Look([Own(VrrpRole.Backup)], asked with { ReportAt = _time.GetTimestamp() });
            _watch.Findings.Count.ShouldBe(findings);
        }
    }

    [Fact]
    public void Instance_ConfiguredNoMore_IsForgotten()
    {
        Look(VrrpRole.Master, VrrpRole.Master);
        Pass(s_second * 2);
        Look(VrrpRole.Master, VrrpRole.Master);
        Look([], Peer("lb2", VrrpRole.Master));

        _watch.Findings.ShouldBeEmpty();
    }

    private static OwnInstance Own(VrrpRole role) => new(new PeerInstance("edge", 51, "ipv4", role, Since: null, 150, 0, ["203.0.113.10/24"]), TimeSpan.FromMilliseconds(100));

    private PeerView Peer(string name, VrrpRole role) => new(
        name, "192.0.2.12:9465", PeerState.Up, _time.GetUtcNow(), Fault: null, "",
        new PeerReport(name, "1", "running", 1, _time.GetUtcNow(), 0, "", [Own(role).State with { Priority = 100 }]), _time.GetTimestamp(), ConfigDrift.None);

    private PeerView Down(string name) => new(name, "192.0.2.13:9465", PeerState.Down, _time.GetUtcNow(), PeerFaultKind.Timeout, "", Report: null, ReportAt: 0, ConfigDrift.None);

    private void Look(VrrpRole here, VrrpRole there) => Look([Own(here)], Peer("lb2", there));

    private void Look(OwnInstance[] instances, params PeerView[] peers) => _watch.Look(instances, peers, s_second);

    private void Pass(TimeSpan time) => _time.Advance(time);

    private (LogLevel Level, string Text)[] Logged() => [.. _log.Messages];
}
