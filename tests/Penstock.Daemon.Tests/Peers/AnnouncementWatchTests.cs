// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Daemon.Peers;
using Penstock.Tests;

namespace Penstock.Daemon.Tests.Peers;

public sealed class AnnouncementWatchTests
{
    private const string Address = "203.0.113.10";
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly RecordingLogger<PeerTier> _log = new();
    private readonly AnnouncementWatch _watch;

    public AnnouncementWatchTests() => _watch = new AnnouncementWatch(_log, _time);

    [Fact]
    public void Address_ThatNoHostAnnounces_IsFound_UntilOneDoes()
    {
        Look(Own(false), Peer("lb2", Own(false)));
        Pass();
        Look(Own(false), Peer("lb2", Own(false)));
        _watch.Findings.ShouldBeEmpty("it may have moved between the two questions");
        Pass();
        Look(Own(false), Peer("lb2", Own(false)));

        var finding = _watch.Findings.ShouldHaveSingleItem();
        finding.Text.ShouldBe("no host announces 203.0.113.10, neither this one nor a peer, since 2026-01-01 00:00:00Z: no router sends packets for it");
        Pass();
        Look(Own(false), Peer("lb2", Own(true)));

        _watch.Findings.ShouldBeEmpty();
        _log.Messages.ToArray().ShouldBe([(LogLevel.Warning, finding.Text), (LogLevel.Information, "address 203.0.113.10 is announced again")]);
    }

    [Fact]
    public void Address_OfThisHostAlone_WhichThePeersAreNotToAnnounce_IsFoundToo()
    {
        Twice(Peer("lb2", PeerBgp.None));

        _watch.Findings.Count.ShouldBe(1);
        Look(own: null, Peer("lb2", PeerBgp.None));
        _watch.Findings.ShouldBeEmpty("it is configured no more");
    }

    [Fact]
    public void Address_WherePeersDoNotAnswer_OrDoNotSay_IsNotFound()
    {
        var down = new PeerView("lb3", "192.0.2.13:9465", PeerState.Down, _time.GetUtcNow(), PeerFaultKind.Timeout, "", Report: null, ReportAt: 0, ConfigDrift.None);
        Twice(Peer("lb2", Own(false)), down);
        _watch.Findings.ShouldBeEmpty();
        Twice(Peer("lb2", Own(false)), Peer("lb3", bgp: null));
        _watch.Findings.ShouldBeEmpty("it is of the version before");
        var silent = Peer("lb3", bgp: null);
        Twice(Peer("lb2", Own(false)), silent with { Report = silent.Report! with { BgpRouterId = null } });
        _watch.Findings.ShouldBeEmpty("it is of one before that, which may announce it all the same");
        Twice(Peer("lb2", Own(false)), Peer("lb3", Own(true)));
        _watch.Findings.ShouldBeEmpty();
        Twice(Peer("lb2", PeerBgp.None with { HasMore = true }));
        _watch.Findings.ShouldBeEmpty("it may be one of those that the peer has no room for");
        Twice();
        _watch.Findings.ShouldBeEmpty("there are no peers");
    }

    [Fact]
    public void Address_WhileAQuestionIsLost_StaysFound_UntilThePeerIsDown()
    {
        Twice(Peer("lb2", Own(false)));
        Look(Own(false), Peer("lb2", Own(false)) with { Fault = PeerFaultKind.Timeout });
        _watch.Findings.Count.ShouldBe(1);
        Look(Own(false), Peer("lb2", Own(false)) with { State = PeerState.Down, Fault = PeerFaultKind.Timeout, Report = null });

        _watch.Findings.ShouldBeEmpty();
        _log.Messages.Last().Text.ShouldBe("address 203.0.113.10 can be told of no more: a peer does not say what it announces");
    }

    private static PeerBgp Own(bool announced) => new(1, 1, [new PeerAnnouncement(Address, announced)]);

    // Of the version before where it says nothing of what it announces.
    private PeerView Peer(string name, PeerBgp? bgp) => new(
        name, "192.0.2.12:9465", PeerState.Up, _time.GetUtcNow(), Fault: null, "",
        new PeerReport(name, "1", "running", 1, _time.GetUtcNow(), 0, "", []) { BgpRouterId = bgp == PeerBgp.None ? null : "192.0.2.12", Bgp = bgp }, _time.GetTimestamp(), ConfigDrift.None);

    private void Twice(params PeerView[] peers)
    {
        Look(Own(false), peers);
        Pass();
        Pass();
        Look(Own(false), [.. peers.Select(peer => peer with { ReportAt = _time.GetTimestamp() })]);
    }

    private void Look(PeerBgp? own, params PeerView[] peers) => _watch.Look(own, peers, s_second);

    private void Pass() => _time.Advance(s_second);
}
