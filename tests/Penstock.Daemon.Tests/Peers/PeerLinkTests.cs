// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.ControlPlane;
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
    public void Proxy_IsWhatTheReportSays()
    {
        _link.View.Proxy.ShouldBeNull();
        _link.Note(Report());
        _link.View.Proxy.ShouldBe(new ProxyState(EndpointState.Ready, ""));
        _link.Note(Report() with { State = "draining" });
        _link.View.Proxy.ShouldBe(new ProxyState(EndpointState.Drain, "lb2 drains"));
        Miss();
        Miss();
        _link.View.Proxy.ShouldBe(new ProxyState(EndpointState.Drain, "lb2 drains"));
        Miss();
        _link.View.Proxy.ShouldBe(new ProxyState(EndpointState.Down, "lb2 is down: nobody"));
    }

    [Theory]
    [InlineData(PeerFaultKind.Refused, true)]
    [InlineData(PeerFaultKind.Unreachable, true)]
    [InlineData(PeerFaultKind.Timeout, true)]
    [InlineData(PeerFaultKind.Certificate, false)]
    [InlineData(PeerFaultKind.Tls, false)]
    [InlineData(PeerFaultKind.Closed, false)]
    [InlineData(PeerFaultKind.Answer, false)]
    [InlineData(PeerFaultKind.WrongNode, false)]
    public void Proxy_OfAPeerThatIsDown_IsDownWhereNothingAnswers(object kind, bool isDown)
    {
        var fault = new PeerFaultException((PeerFaultKind)kind, "why");
        var fresh = new PeerLink(_link.Peer, before: null, _log, _time);
        _link.Note(Report());
        for (var i = 0; i < 3; i++)
        {
            fresh.View.Proxy.ShouldBeNull("one question that is lost after a restart costs no flow");
            fresh.Note(fault);
            _link.Note(fault);
        }

        _link.View.State.ShouldBe(PeerState.Down);
        _link.View.Proxy.ShouldBe(isDown ? new ProxyState(EndpointState.Down, "lb2 is down: why") : new ProxyState(EndpointState.Ready, ""));
        (fresh.View.Proxy?.State).ShouldBe(isDown ? EndpointState.Down : null);
    }

    [Fact]
    public void Proxy_ThatAnswersBadlyInBetween_IsNotDown()
    {
        _link.Note(Report());
        foreach (var kind in (PeerFaultKind[])[PeerFaultKind.Refused, PeerFaultKind.Certificate, PeerFaultKind.Refused, PeerFaultKind.Refused])
            _link.Note(new PeerFaultException(kind, "why"));

        _link.View.State.ShouldBe(PeerState.Down);
        _link.View.Proxy.ShouldBe(new ProxyState(EndpointState.Ready, ""));
    }

    [Fact]
    public void Proxy_ThatTakesConnections_IsNotDown_WhateverItsDaemonSays()
    {
        var fault = new PeerFaultException(PeerFaultKind.Timeout, "why");
        _link.Note(Report());
        for (var i = 0; i < 5; i++)
            _link.Note(fault, serves: true);
        _link.View.State.ShouldBe(PeerState.Down);
        _link.View.Proxy.ShouldBe(new ProxyState(EndpointState.Ready, ""));

        for (var i = 0; i < 3; i++)
            _link.Note(fault);
        _link.View.Proxy.ShouldBe(new ProxyState(EndpointState.Down, "lb2 is down: why"));
    }

    [Fact]
    public void Peer_ThatComesBackWithABadCertificate_IsBackOnceItIsGood()
    {
        _link.Note(Report());
        for (var i = 0; i < 3; i++)
            Miss();
        for (var i = 0; i < 3; i++)
            _link.Note(new PeerFaultException(PeerFaultKind.Certificate, "the certificate of lb2 is valid from … to …, not now"));
        _link.View.Reason.ShouldBe("the certificate of lb2 is valid from … to …, not now");
        _link.View.Proxy.ShouldNotBeNull().State.ShouldBe(EndpointState.Down);

        _link.Note(Report());
        _link.View.State.ShouldBe(PeerState.Up);
        _link.View.Proxy.ShouldBe(new ProxyState(EndpointState.Ready, ""));
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
