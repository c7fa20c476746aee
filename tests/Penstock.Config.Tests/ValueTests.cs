// SPDX-License-Identifier: Apache-2.0
using FsCheck;
using FsCheck.Fluent;
using Penstock.Config.Binding;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Config.Tests;

public sealed class ValueTests
{
    [Theory]
    [InlineData("500us", 5_000)]
    [InlineData("100ms", 1_000_000)]
    [InlineData("1.5s", 15_000_000)]
    [InlineData("0s", 0)]
    [InlineData("1h", 36_000_000_000)]
    public void Duration_WithUnit_IsRead(string text, long ticks) =>
        Some.Parse($"shutdown_timeout: {text}").Config.ShouldNotBeNull().ShutdownTimeout.Ticks.ShouldBe(ticks);

    [Fact]
    public void Duration_Formatted_ReadsBackAlike() => Prop.ForAll(
        ArbMap.Default.ArbFor<int>(),
        n => ReadsBack(Math.Abs((long)n) * TimeSpan.TicksPerMicrosecond, Quantity.Durations, "")).QuickCheckThrowOnFailure();

    [Fact]
    public void Size_Formatted_ReadsBackAlike() => Prop.ForAll(
        ArbMap.Default.ArbFor<int>(),
        n => ReadsBack(Math.Abs((long)n), Quantity.Sizes, "") && ReadsBack(Math.Abs((long)n) << 10, Quantity.Sizes, "/s")).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData(".5s")]
    [InlineData("5.s")]
    [InlineData("1.2.3s")]
    [InlineData("-1s")]
    [InlineData("1e3s")]
    [InlineData("5 s")]
    [InlineData("0.01us")]
    [InlineData("99999999999999999999d")]
    [InlineData("999999999999999999d")]
    public void Duration_WrittenOtherwise_IsRefused(string text) =>
        Quantity.TryParse(text, Quantity.Durations, "", out _).ShouldBeFalse();

    [Theory]
    [InlineData("/item/[0-9]+", true)]
    [InlineData("(?x) /a # the first\n", true)]
    [InlineData("(?x) /a # the first", true)]
    [InlineData("a)(b", false)]
    public void Regex_Text_IsTakenWhenItIsOneByItself(string text, bool taken) =>
        (RegexText.Parse(text).Value is not null).ShouldBe(taken);

    [Fact]
    public void Example_Bound_HasItsValues()
    {
        var text = File.ReadAllText(Some.RepositoryFile("docs/configuration.md"));
        var start = text.IndexOf("```yaml\n", StringComparison.Ordinal) + 8;
        var l7 = Some.Parse(text[start..text.IndexOf("```", start, StringComparison.Ordinal)]).Config.ShouldNotBeNull().L7;

        var listener = l7.Listeners.ShouldHaveSingleItem();
        listener.Bind.ToString().ShouldBe("[::]:80");
        listener.TrustedProxies.Select(n => n.ToString()).ShouldBe(["10.0.0.0/8", "fd00::/8"]);
        listener.Limits.BodyBytes.ShouldBe(10 << 20);
        listener.Timeouts.Request.ShouldBe(TimeSpan.FromMinutes(5));
        listener.Timeouts.MinRequestBytesPerSecond.ShouldBe(240);

        var routes = l7.Routes["shop"];
        routes.Select(r => r.Name).ShouldBe(["api", "shop.example.com~/item/[0-9]+", "*.example.com/", "*/"]);
        routes[0].To.ShouldBe([new WeightedCluster("mesh-a", 90), new WeightedCluster("mesh-b", 10)]);
        routes[1].To.ShouldBe([new WeightedCluster("mesh-a")]);
        routes[2].Redirect.ShouldBe(new RedirectAction { Scheme = "https", Status = 301 });

        var cluster = l7.Clusters["mesh-a"];
        cluster.Name.ShouldBe("mesh-a");
        cluster.Endpoints.Select(e => (e.Address.ToString(), e.Weight)).ShouldBe([("10.0.0.11:8080", 1), ("10.0.0.12:8080", 2), ("unix:/run/app.sock", 1)]);
        cluster.Endpoints[2].Address.ShouldBe(SocketEndpoint.Unix("/run/app.sock"));
        cluster.Balancing.ShouldBe(Balancing.LeastRequest);
        cluster.Health.ShouldNotBeNull().Expect.ShouldBe(new StatusRange(200, 399));
        l7.Clusters["mesh-b"].Discovery.ShouldNotBeNull().Dns.ShouldNotBeNull().Port.ShouldBe(8080);
    }

    private static bool ReadsBack(long value, (string Unit, long Factor)[] units, string suffix) =>
        Quantity.TryParse(Quantity.Format(value, units, suffix), units, suffix, out var read) && read == value;
}
