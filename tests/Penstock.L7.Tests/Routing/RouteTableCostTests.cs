// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Text;
using Penstock.L7.Routing;
using Penstock.Model.L7;
using Penstock.Tests;
using static Penstock.L7.Tests.Routing.RouteTables;

namespace Penstock.L7.Tests.Routing;

[Collection(AloneCollection.Name)]
public sealed class RouteTableCostTests
{
    [Fact]
    public void Match_EveryKindOfRule_AllocatesNothing()
    {
        RouteTable table = Table(
            Rule("exact", "a.test", path: "/x"),
            Rule("regex", "a.test", regex: "/items/[0-9]+"),
            Rule("prefix", "*.test", prefix: "/api"),
            Rule("any", methods: ["GET"]));
        var normalizer = new PathNormalizer();
        byte[] longPath = Encoding.ASCII.GetBytes("/items/" + new string('7', 2_000));

        int matched = Allocations.ShouldBeNone(() =>
        {
            int found = 0;
            found += normalizer.TryNormalize("/x/../%69tems//5"u8, out NormalPath path) && table.Match("a.test"u8, path.Match, "GET"u8) is not null ? 1 : 0;
            found += table.Match("a.test"u8, "/x"u8, "GET"u8) is not null ? 1 : 0;
            found += table.Match("a.test"u8, longPath, "GET"u8) is not null ? 1 : 0;
            found += table.Match("c.b.test"u8, "/api/y"u8, "POST"u8) is not null ? 1 : 0;
            found += table.Match("other"u8, "/"u8, "POST"u8) is not null ? 1 : 0;
            return found;
        });

        matched.ShouldBe(4);
    }

    [Fact]
    public void Match_TenThousandRulesOnOneHost_CostsNoMoreThanAFewTimesTen()
    {
        ShouldCostAFewTimesAtMost(hosts: false);
    }

    [Fact]
    public void Match_TenThousandHosts_CostsNoMoreThanAFewTimesTen()
    {
        ShouldCostAFewTimesAtMost(hosts: true);
    }

    [Fact]
    public void Match_TenThousandRules_FindsEachOfThem()
    {
        foreach (bool hosts in new[] { false, true })
        {
            RouteTable table = RouteTable.Compile([.. Rules(10_000, hosts)]);
            for (int i = 0; i < 10_000; i++)
            {
                table.NameOf(hosts ? $"h{i}.test" : "h0.test", $"/api/v1/service-{i}/x").ShouldBe($"{i}");
            }
        }
    }

    private static void ShouldCostAFewTimesAtMost(bool hosts)
    {
        double few = NanosecondsPerMatch(Rules(10, hosts));
        double many = NanosecondsPerMatch(Rules(10_000, hosts));

        // Another load may come between the two; going through all rules costs a thousand times as much each time.
        for (int again = 0; again < 10 && many >= (8 * few) + 1_000; again++)
            many = Math.Min(many, NanosecondsPerMatch(Rules(10_000, hosts)));

        many.ShouldBeLessThan((8 * few) + 1_000);
    }

    private static RouteConfig[] Rules(int count, bool hosts) =>
        [.. Enumerable.Range(0, count).Select(i => Rule($"{i}", hosts ? $"h{i}.test" : "h0.test", prefix: $"/api/v1/service-{i}"))];

    /// <summary>The best of several rounds, so that a busy machine does not fail the test.</summary>
    private static double NanosecondsPerMatch(RouteConfig[] rules)
    {
        RouteTable table = RouteTable.Compile([.. rules]);
        byte[][] hosts = [.. rules.Select(rule => Encoding.ASCII.GetBytes(rule.Match.Host!))];
        byte[][] paths = [.. rules.Select(rule => Encoding.ASCII.GetBytes(rule.Match.PathPrefix + "/x"))];
        double best = double.MaxValue;
        for (int round = 0; round < 10; round++)
        {
            int matched = 0;
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < 20_000; i++)
            {
                int at = i % rules.Length;
                matched += table.Match(hosts[at], paths[at], "GET"u8) is null ? 0 : 1;
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / 20_000);
            matched.ShouldBe(20_000);
        }

        return best;
    }
}
