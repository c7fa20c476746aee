// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Logging;
using Penstock.L7.Acme;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.L7.Tests.Acme;

/// <summary>The client of ACME, against a CA that says what a test wants.</summary>
public sealed class AcmeKeeperTests : IAsyncLifetime
{
    private const string Name = "shop.example.com";

    private readonly string _state = Directory.CreateTempSubdirectory("pst-acme-").FullName;
    private readonly ScriptedAuthority _authority = new();
    private readonly AcmeChallenges _challenges = new();
    private readonly RecordingLogger<AcmeKeeperTests> _log = new();
    private readonly AcmeKeeper _keeper;

    public AcmeKeeperTests() => _keeper = new AcmeKeeper(_challenges, TimeProvider.System, _log, () => _authority);

    private string Kept => Path.Combine(_state, "acme", "certificates", Name + ".pem");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _keeper.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task Order_OfACaThatRefusesNonces_IsSentAgainWithTheNextOne()
    {
        byte[]? body = null;
        _authority.Instead = (path, before) => path == "/new-order" && before < 2 ? ScriptedAuthority.Problem("badNonce", "old", HttpStatusCode.BadRequest) : null;
        _authority.Proving = () => body = _challenges.Find("/.well-known/acme-challenge/a-token"u8)?.Respond?.Body.ToArray();

        await IssueAsync();

        _authority.Asked.Count(path => path == "/new-order").ShouldBe(3);
        _authority.Heads.Select(head => (string)head["nonce"]!).ShouldBeUnique();
        _authority.Heads.Select(head => (string)head["alg"]!).ShouldAllBe(algorithm => algorithm == "ES256");
        Encoding.ASCII.GetString(body.ShouldNotBeNull()).ShouldStartWith("a-token.");
        _challenges.Find("/.well-known/acme-challenge/a-token"u8).ShouldBeNull();
        using var kept = KeptCertificate.Read(Kept).ShouldNotBeNull();
        kept.MatchesHostname(Name).ShouldBeTrue();
        File.GetUnixFileMode(Kept).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _keeper.Warnings().ShouldBeEmpty();
        _log.Messages.ShouldNotContain(message => message.Text.Contains("PRIVATE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Refusal_WithRetryAfter_IsWaitedOut()
    {
        _authority.Instead = (path, _) =>
        {
            if (path != "/new-order")
                return null;
            var answer = ScriptedAuthority.Problem("rateLimited", "too many\u001b[31m orders\r\n", HttpStatusCode.TooManyRequests);
            answer.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromHours(20));
            return answer;
        };
        var before = DateTimeOffset.UtcNow;

        var warning = await FailAsync();

        warning.ShouldContain("the CA refuses the order with status 429: urn:ietf:params:acme:error:rateLimited too many [31m orders");
        warning.Any(char.IsControl).ShouldBeFalse();
        AskedAgainAt(warning).ShouldBeGreaterThan(before + TimeSpan.FromHours(19.9));
        _authority.Asked.Count(path => path == "/new-order").ShouldBe(1);
    }

    [Fact]
    public async Task Order_ThatBecomesInvalid_IsToldInTheCasWords()
    {
        _authority.Instead = (path, _) => path == "/order" ? ScriptedAuthority.Json("""{"status": "invalid", "error": {"type": "urn:ietf:params:acme:error:caa", "detail": "CAA forbids it"}}""") : null;

        (await FailAsync()).ShouldContain("the order is invalid: urn:ietf:params:acme:error:caa CAA forbids it");
    }

    [Theory]
    [InlineData("/dir", "no JSON", "no JSON object")]
    [InlineData("/dir", """{"newNonce": 7}""", "has no newAccount")]
    [InlineData("/dir", """{"newNonce": "https://a", "newNonce": "https://b"}""", "no JSON object")]
    [InlineData("/dir", """{"newNonce": "http://ca.example.com/nonce", "newAccount": "https://ca.example.com/account"}""", "no https URL")]
    [InlineData("/dir", """{"meta": {"externalAccountRequired": true}, "newAccount": "https://ca.example.com/account"}""", "configure acme.external_account")]
    [InlineData("/dir", """{"newNonce": "\ud800", "newAccount": "https://ca.example.com/account"}""", "has no newNonce")]
    [InlineData("/authorization", """{"status": "pending", "identifier": {"value": "bank.example.com"}}""", "bank.example.com', which is not ordered")]
    [InlineData("/authorization", """{"status": "pending", "identifier": {"value": "shop.example.com"}, "challenges": [{"type": "dns-01"}]}""", "does not prove shop.example.com by http-01")]
    [InlineData("/authorization", """{"status": "pending", "identifier": {"value": "shop.example.com"}, "challenges": [{"type": "http-01", "token": "../x"}]}""", "no token")]
    [InlineData("/certificate", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "issued 0 certificates")]
    public async Task Answer_ThatIsNotAsItShouldBe_IsRefused(string path, string text, string said)
    {
        _authority.Instead = (asked, _) => asked == path ? ScriptedAuthority.Json(text) : null;

        (await FailAsync()).ShouldContain(said);

        File.Exists(Kept).ShouldBeFalse();
    }

    [Fact]
    public async Task Answer_ThatIsTooLong_IsNotRead()
    {
        _authority.Instead = (path, _) => path == "/dir" ? new HttpResponseMessage { Content = new StreamContent(new MemoryStream(new byte[1 << 20])) } : null;

        (await FailAsync()).ShouldContain("the CA at ca.example.com can't be asked");
    }

    [Fact]
    public async Task Answer_ThatIsARedirect_IsNotFollowed()
    {
        _authority.Instead = (path, _) => path == "/dir" ? new HttpResponseMessage(HttpStatusCode.Redirect) { Headers = { Location = new Uri("https://ca.example.com/elsewhere") } } : null;

        (await FailAsync()).ShouldContain("the CA refuses its directory with status 302");
        _authority.Asked.ShouldBe(["/dir"]);
    }

    [Fact]
    public async Task Account_WithAnExternalOne_IsBoundToIt()
    {
        var key = Path.Combine(_state, "hmac");
        await File.WriteAllTextAsync(key, "AAECAwQ\n");

        await IssueAsync(new AcmeConfig { Directory = ScriptedAuthority.Root + "/dir", TermsAgreed = true, ExternalAccount = new AcmeExternalAccountConfig { KeyId = "kid-1", KeyFile = key } });

        _authority.Heads.ShouldContain(head => head["jwk"] != null);
    }

    [Fact]
    public async Task Certificate_ThatCouldNotBeKept_IsNotAskedFor()
    {
        Directory.CreateDirectory(Kept + ".new"); // where it is written first

        await FailAsync();

        _authority.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task Clock_ThatWasAheadAndIsSetBack_DelaysNothingByAsMuch()
    {
        var clock = new WrongClock { Ahead = TimeSpan.FromDays(5000) };
        await using var keeper = new AcmeKeeper(_challenges, clock, _log, () => _authority);
        _authority.Instead = (path, _) => path == "/dir" ? ScriptedAuthority.Json("no JSON") : null;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        keeper.Serve(Config(authority: null));
        while (!_log.Messages.Any(message => message.Level == LogLevel.Warning))
            await Task.Delay(10, limit.Token);
        AskedAgainAt(keeper.Warnings().ShouldHaveSingleItem()).ShouldBeGreaterThan(DateTimeOffset.UtcNow.AddDays(4000));

        clock.Ahead = TimeSpan.Zero;
        keeper.Serve(Config(authority: null));

        while (AskedAgainAt(keeper.Warnings().ShouldHaveSingleItem()) > DateTimeOffset.UtcNow.AddDays(1))
            await Task.Delay(10, limit.Token);
    }

    [Fact]
    public async Task Clock_ThatWasAheadAtTheStart_LeavesWhatIsKeptToItsOwnEnd()
    {
        await IssueAsync();
        var now = DateTimeOffset.UtcNow;
        var kept = AcmePlan.Of(Config(authority: null), AcmePlan.None, now.AddDays(5000)).Certificates[0];
        kept.DueAt.ShouldBe(now.AddDays(5000));

        kept.LookAgain(renewBefore: null, now);

        kept.DueAt.ShouldBeInRange(now.AddDays(30), now.AddDays(90));
    }

    [Fact]
    public async Task Directory_OfAnotherCa_IsAskedAtOnceUntilItHasIssued()
    {
        await IssueAsync();
        var now = DateTimeOffset.UtcNow;
        var other = new AcmeConfig { Directory = "https://other.example.com/dir", TermsAgreed = true };

        var first = AcmePlan.Of(Config(authority: null), AcmePlan.None, now);
        var second = AcmePlan.Of(Config(other), first, now);
        var third = AcmePlan.Of(Config(other with { Contact = "ops@example.com" }), second, now);

        first.Certificates[0].DueAt.ShouldBeGreaterThan(now.AddDays(30));
        second.Certificates[0].DueAt.ShouldBe(now);
        third.Certificates[0].DueAt.ShouldBe(now);
        third.Certificates[0].Succeed(renewBefore: null, now);
        third.Certificates[0].DueAt.ShouldBeGreaterThan(now.AddDays(30));
    }

    [Fact]
    public void Order_OfManyNamesThatPeersHearOf_HasTimeForEach()
    {
        var plan = new AcmePlan(Authority: null, "", TimeSpan.FromMinutes(3), []);

        plan.LongestOrder(new AcmeCertificate(Kept, [Name, "a.example.com", "b.example.com", "c.example.com"])).ShouldBe(TimeSpan.FromMinutes(22));
    }

    [Fact]
    public void Others_OfPeers_AreAnsweredWhileTheyAreSound()
    {
        AcmeChallenge sound = new("a.example.com", "token", "token.thumb"), strange = new("a.example.com", "tok/en", "tok/en.thumb"), another = new("A", "token", "token.thumb"), wrong = new("a.example.com", "b", "token.thumb");

        _challenges.SetOthers([strange, another, wrong, sound]);

        _challenges.Find("/.well-known/acme-challenge/token"u8).ShouldNotBeNull();
        _challenges.Find("/.well-known/acme-challenge/tok/en"u8).ShouldBeNull();
        _challenges.CertificateOf("a.example.com").ShouldNotBeNull();
        _challenges.SetOthers([]);
        _challenges.Find("/.well-known/acme-challenge/token"u8).ShouldBeNull();
    }

    [Fact]
    public void Document_HasEveryMetric() =>
        DocumentedMetrics.In("tls.md", "What is counted").Where(name => name.StartsWith("penstock_acme_", StringComparison.Ordinal)).ShouldBe(DocumentedMetrics.Of("Penstock.L7.Acme"), ignoreOrder: true);

    private static DateTimeOffset AskedAgainAt(string warning) =>
        DateTimeOffset.Parse(warning[(warning.LastIndexOf(" at ", StringComparison.Ordinal) + 4)..], System.Globalization.CultureInfo.InvariantCulture);

    private async Task IssueAsync(AcmeConfig? authority = null)
    {
        var issued = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _keeper.Issued = () =>
        {
            issued.TrySetResult();
            return Task.CompletedTask;
        };
        _keeper.Serve(Config(authority));
        await issued.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    private async Task<string> FailAsync()
    {
        _keeper.Serve(Config(authority: null));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!_log.Messages.Any(message => message.Level == LogLevel.Warning))
            await Task.Delay(10, limit.Token);
        return _keeper.Warnings().ShouldHaveSingleItem();
    }

    private ApplianceConfig Config(AcmeConfig? authority) => new()
    {
        Node = "lb1",
        State = _state,
        Acme = authority ?? new AcmeConfig { Directory = ScriptedAuthority.Root + "/dir", TermsAgreed = true },
        L7 = new L7Config
        {
            Listeners = [new ListenerConfig { Name = "https", Bind = default, Tls = new ListenerTlsConfig { Certificates = [new CertificateConfig { Acme = [Name], Cert = Kept, Key = Kept }] } }],
        },
    };

    private sealed class WrongClock : TimeProvider
    {
        private long _ahead;

        /// <summary>What it is ahead of the right one.</summary>
        public TimeSpan Ahead
        {
            get => new(Volatile.Read(ref _ahead));
            set => Volatile.Write(ref _ahead, value.Ticks);
        }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
