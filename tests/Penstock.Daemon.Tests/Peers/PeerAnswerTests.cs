// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Penstock.Config.Reading;
using Penstock.Daemon.Peers;
using Penstock.Model;
using Penstock.Model.Peers;
using Penstock.Telemetry.Http;
using Penstock.Tests;

namespace Penstock.Daemon.Tests.Peers;

/// <summary>A peer that shows a good certificate and answers what it likes.</summary>
public sealed class PeerAnswerTests : IAsyncLifetime
{
    private const string Root = "0123456789abcdef0123456789abcdef";
    private const string Hash = "0123456789abcdef";
    private static readonly string s_key = new('a', ConfigDigest.KeyBytes * 2);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-peers-").FullName;
    private readonly TestAuthority _authority;
    private readonly RecordingLogger<PeerTier> _log = new();
    private readonly PeerListener _listener;
    private readonly PeerHostConfig _peer;
    private readonly PeerClient _client;
    private string _report = Report(Root);
    private string? _digest;
    private int _reports;
    private int _digests;

    public PeerAnswerTests()
    {
        _authority = new TestAuthority(_folder);
        _listener = new PeerListener(AnswerAsync, _log, TimeProvider.System);
        var bound = _listener.Open(new IPEndPoint(IPAddress.Loopback, 0), new PeerTls(Identity("lb2"), TimeProvider.System), ["lb1"], []);
        _peer = new PeerHostConfig { Name = "lb2", Address = SocketEndpoint.Ip(IPAddress.Loopback, bound.Port) };
        _client = new PeerClient(_peer, new PeerTls(Identity("lb1"), TimeProvider.System), s_key, s_patience);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _listener.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Report_ThatIsTooMuch_IsRefused()
    {
        (await _client.AskAsync(CancellationToken.None)).Vrrp.ShouldBeEmpty();

        await ReportFaultAsync(Report(Root, new string(' ', 256 << 10)), "an answer of more than 256 KiB");
        await ReportFaultAsync(Report(Root, "null"), "its report is refused: an instance that is null");
        await ReportFaultAsync(Report(Root, Instance(new string('x', 10_000))), $"its report is refused: a family '{new string('x', 256)}'");
        await ReportFaultAsync(Report(Root, Instance("ipv4", "null")), "its report is refused: an address that is null");
        await ReportFaultAsync(Report(Root, more: ",\"bgp\":{\"sessions_up\":1,\"sessions\":1,\"addresses\":[null]}"), "its report is refused: an announced address that is null");
        await ReportFaultAsync(Report(Root + "0"), "its report is refused: a digest of 33 characters");
        await ReportFaultAsync("[]", "an answer that is not understood: ");
    }

    [Fact]
    public async Task Report_OfTheVersionBefore_LeavesOpenWhatIsAnnounced_AndOneOfThisSaysIt()
    {
        (await _client.AskAsync(CancellationToken.None)).Bgp.ShouldBeNull("it may speak BGP");
        _report = Report(Root, more: ",\"bgp\":{\"sessions_up\":0,\"sessions\":0,\"addresses\":[]}");
        (await _client.AskAsync(CancellationToken.None)).Bgp.ShouldNotBeNull("it speaks none").Addresses.ShouldBeEmpty();
        _report = Report(Root, more: ",\"bgp_router_id\":\"192.0.2.12\"");
        (await _client.AskAsync(CancellationToken.None)).Bgp.ShouldBeNull();
        _report = Report(Root, more: ",\"bgp_router_id\":\"192.0.2.12\",\"bgp\":{\"sessions_up\":1,\"sessions\":2,\"addresses\":[{\"address\":\"203.0.113.10\\u001b\",\"announced\":true}]}");

        var bgp = (await _client.AskAsync(CancellationToken.None)).Bgp.ShouldNotBeNull();
        (bgp.SessionsUp, bgp.Sessions).ShouldBe((1, 2));
        bgp.Addresses.ShouldBe([new PeerAnnouncement("203.0.113.10?", Announced: true)]);

        var many = string.Join(',', Enumerable.Range(0, 1025).Select(number => $$"""{"address":"203.0.{{number / 256}}.{{number % 256}}","announced":true}"""));
        _report = Report(Root, more: ",\"bgp_router_id\":\"192.0.2.12\",\"bgp\":{\"sessions_up\":1,\"sessions\":2,\"addresses\":[" + many + "]}");
        bgp = (await _client.AskAsync(CancellationToken.None)).Bgp.ShouldNotBeNull();
        (bgp.Addresses.Count, bgp.HasMore).ShouldBe((1024, true));
        (bgp.SaysOf("203.0.3.255"), bgp.SaysOf("203.0.4.0")).ShouldBe((true, false), "what is left out of a list is not announced nowhere");
    }

    [Fact]
    public async Task Digest_ThatIsTooMuch_IsRefused()
    {
        var many = string.Join(',', Enumerable.Range(0, ConfigDigest.MostEntries + 1).Select(i => $"\"{i}\":\"{Hash}\""));
        _digest = Digest($"\"a\":\"{Hash}\"");
        (await _client.DigestAsync(CancellationToken.None)).Entries.Count.ShouldBe(1);

        await DigestFaultAsync(Digest(many), "its digest is refused: a digest of 20001 entries, more than 20000");
        await DigestFaultAsync(Digest($"\"{new string('.', 1025)}\":\"{Hash}\""), "its digest is refused: a path of 1025 characters, more than 1024");
        await DigestFaultAsync(Digest($"\"a\":\"{Hash}0\""), "its digest is refused: a hash of 17 characters, not 16");
        await DigestFaultAsync(Digest("\"a\":null"), "its digest is refused: a hash of 0 characters, not 16");
        await DigestFaultAsync(Digest("", root: "0"), "its digest is refused: a digest of 1 characters, not 32");
        await DigestFaultAsync(Digest("", level: "words"), "an answer that is not understood: ");
        await DigestFaultAsync(new string(' ', (8 << 20) + 1), "an answer of more than 8192 KiB");
    }

    [Fact]
    public async Task Digest_ThatIsRefused_LeavesThePeerUp_AndIsNotAskedForAgainAtOnce()
    {
        var time = new ManualTimeProvider();
        var link = new PeerLink(_peer, before: null, _log, time);
        var config = new SharedConfig(new ApplianceConfig { Node = "lb1" }, time);
        using var stop = new CancellationTokenSource();
        var running = link.RunAsync(_client, s_key, () => config, TimeSpan.Zero, _ => Task.FromResult(false), () => { }, stop.Token);

        // The clock stands still, so that it is asked for once, however many reports there are.
        await ReportsAsync(5);
        Volatile.Read(ref _digests).ShouldBe(1);
        link.View.IsFresh.ShouldBeTrue();
        link.View.Uncompared.ShouldBe("it answers 404");
        time.Advance(TimeSpan.FromSeconds(59));
        await ReportsAsync(3);
        Volatile.Read(ref _digests).ShouldBe(1);
        time.Advance(TimeSpan.FromSeconds(1));
        await ReportsAsync(3);
        Volatile.Read(ref _digests).ShouldBe(2);

        // Another digest is another matter.
        var other = new string('f', Root.Length);
        Volatile.Write(ref _digest, Digest($"\"l4.hash_seed\":\"{Hash}\"", other));
        Volatile.Write(ref _report, Report(other));
        await ReportsAsync(3);
        Volatile.Read(ref _digests).ShouldBe(3);
        link.View.Uncompared.ShouldBeEmpty();
        link.View.Drift.Count.ShouldBeGreaterThan(0);
        await stop.CancelAsync();
        await running;
        _log.Messages.Count(message => message.Level == LogLevel.Warning && message.Text == "the configuration of peer lb2 cannot be compared: it answers 404").ShouldBe(1);
    }

    private static string Report(string root, string instances = "", string more = "") =>
        $$"""{"node":"lb2","version":"1","state":"running","generation":1,"snapshot_at":"2026-01-01T00:00:00Z","unready":0,"config_digest":"{{root}}","vrrp":[{{instances}}]{{more}} }""";

    private static string Instance(string family, string addresses = "") =>
        $$"""{"name":"edge","router_id":51,"family":"{{family}}","role":"master","since":null,"priority":100,"health":0,"addresses":[{{addresses}}]}""";

    private static string Digest(string entries, string root = Root, string level = "keys") => $$"""{"root":"{{root}}","level":"{{level}}","entries":{ {{entries}} } }""";

    private static async Task FaultAsync(Func<Task> ask, string message)
    {
        var fault = await Should.ThrowAsync<PeerFaultException>(ask);
        fault.Kind.ShouldBe(PeerFaultKind.Answer);
        fault.Message.ShouldStartWith(message);
    }

    // Waits until so many questions have been worked off: the one after them has begun.
    private async Task ReportsAsync(int more)
    {
        var until = Volatile.Read(ref _reports) + more + 1;
        var waiting = Stopwatch.StartNew();
        while (Volatile.Read(ref _reports) < until)
        {
            waiting.Elapsed.ShouldBeLessThan(s_patience);
            await Task.Delay(5);
        }
    }

    private async Task ReportFaultAsync(string report, string message)
    {
        _report = report;
        await FaultAsync(() => _client.AskAsync(CancellationToken.None), message);
    }

    private async Task DigestFaultAsync(string digest, string message)
    {
        _digest = digest;
        await FaultAsync(() => _client.DigestAsync(CancellationToken.None), message);
    }

    private ValueTask<ControlHttpResponse> AnswerAsync(ControlHttpRequest request, CancellationToken cancellation)
    {
        var isReport = request.Path == PeerPaths.Report;
        Interlocked.Increment(ref isReport ? ref _reports : ref _digests);
        var text = isReport ? Volatile.Read(ref _report) : Volatile.Read(ref _digest);
        return ValueTask.FromResult(text is null ? ControlHttpResponse.Text(404, "no such resource") : new ControlHttpResponse(200, "application/json", Encoding.ASCII.GetBytes(text)));
    }

    private TlsIdentity Identity(string name)
    {
        var (certificate, key) = _authority.Sign([name]);
        var faults = new List<TlsFault>();
        return TlsIdentity.Read(certificate, key, _authority.CaFile, name, TimeProvider.System.GetUtcNow(), faults).ShouldNotBeNull(string.Join('\n', faults));
    }
}
