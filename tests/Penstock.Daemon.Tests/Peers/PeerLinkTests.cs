// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.Daemon.Peers;
using Penstock.Model;
using Penstock.Model.Peers;
using Penstock.Tests;

namespace Penstock.Daemon.Tests.Peers;

public sealed class PeerLinkTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly RecordingLogger<PeerTier> _log = new();
    private readonly PeerLink _link;

    public PeerLinkTests() => _link = new PeerLink(new PeerHostConfig { Name = "lb2", Address = SocketEndpoint.Ip(IPAddress.Loopback, 9465) }, before: null, _log, _time);

    [Fact]
    public void Peer_ThatMissesThreeQuestions_IsDownSinceTheFirst()
    {
        _link.Note(Report());
        _link.View.State.ShouldBe(PeerState.Up);
        var first = Miss();
        Miss();
        _link.View.State.ShouldBe(PeerState.Up);
        _link.View.IsFresh.ShouldBeFalse();
        Miss();

        _link.View.State.ShouldBe(PeerState.Down);
        _link.View.Since.ShouldBe(first);
        _link.View.Report.ShouldBeNull();
        _link.Failures.Single(failure => failure.Kind == PeerFaultKind.Refused).Count.ShouldBe(3);
        _link.Note(Report());
        _link.View.State.ShouldBe(PeerState.Up);
        _link.View.Since.ShouldBe(_time.GetUtcNow());
        _log.Messages.Select(message => message.Level).ShouldBe([LogLevel.Information, LogLevel.Warning, LogLevel.Information]);
    }

    [Fact]
    public void Peer_ThatNeverAnswered_IsDownAtOnce()
    {
        Miss();

        _link.View.State.ShouldBe(PeerState.Down);
        _link.View.Reason.ShouldBe("nobody");
        Miss();
        _log.Messages.Count.ShouldBe(1);
    }

    [Fact]
    public void Drift_IsLoggedWhenItComes_ChangesAndGoes()
    {
        var drift = new ConfigDrift(1, [new ConfigDifference("l4.hash_seed", DifferenceKind.Both)]);
        _link.Note(Report());
        _link.Note(drift, "lb1");
        _link.Note(drift, "lb1");
        _link.View.Drift.ShouldBe(drift);
        _link.Note(ConfigDrift.None, "lb1");

        _log.Messages.Select(message => message.Text).Skip(1).ShouldBe(["the configuration of peer lb2 differs in 1 key: l4.hash_seed", "the configuration of peer lb2 differs no more"]);
    }

    [Fact]
    public void Report_OfABadPeer_HoldsNothingButText()
    {
        var report = (Report() with { Version = "\u001b[2J" + new string('x', 1000) }).Plain();

        report.Version.ShouldBe("?[2J" + new string('x', 252));
    }

    private static PeerReport Report() => new("lb2", "1", "running", 1, DateTimeOffset.UnixEpoch, 0, "", []);

    private DateTimeOffset Miss()
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        _link.Note(new PeerFaultException(PeerFaultKind.Refused, "nobody"));
        return _time.GetUtcNow();
    }
}
