// SPDX-License-Identifier: Apache-2.0
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.Routing;

/// <summary>The table against its specification: scan every rule, keep those that hold, take the first in order of specificity.</summary>
public sealed class RouteTableModelTests
{
    private static readonly string?[] Hosts = [null, "a.test", "b.a.test", "test", "*.test", "*.a.test", "*.b.a.test"];
    private static readonly string[] Paths = ["/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c", "/ab", "/b", "/c/a/b"];
    private static readonly string[] Patterns = ["/a.*", "/[ab]", "/a/b|/b", ".*c.*"];
    private static readonly string[][] MethodSets = [[], [], ["GET"], ["POST"], ["GET", "POST"]];

    [Fact]
    public void Match_AnyTableAndRequest_AgreesWithScanOfAllRules() =>
        Prop.ForAll(Rules().ToArbitrary(), Requests().ToArbitrary(), (rules, requests) =>
        {
            var table = L7.Routing.RouteTable.Compile([.. rules]);
            foreach ((string host, string path, string method) in requests)
            {
                table.NameOf(host, path, method).ShouldBe(Expected(rules, host, path, method), $"{method} {host}{path}");
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static Gen<RouteConfig[]> Rules()
    {
        Gen<RouteMatch> match =
            from host in Gen.Elements(Hosts)
            from kind in Gen.Choose(0, 4)
            from path in Gen.Elements(Paths)
            from pattern in Gen.Elements(Patterns)
            from methods in Gen.Elements(MethodSets)
            select new RouteMatch
            {
                Host = host,
                Path = kind == 0 ? path : null,
                PathPrefix = kind is 1 or 2 ? path : null,
                PathRegex = kind == 3 ? pattern : null,
                Methods = [.. methods],
            };
        return match.ListOf().Select(matches => matches.Select((m, i) => new RouteConfig { Name = $"{i}", Match = m }).ToArray());
    }

    private static Gen<(string Host, string Path, string Method)[]> Requests()
    {
        Gen<string> paths =
            from segments in Gen.Elements("a", "b", "c", "ab").ListOf()
            from slash in Gen.Elements("", "/")
            select segments.Count == 0 ? "/" : "/" + string.Join('/', segments) + slash;
        Gen<(string, string, string)> request =
            from host in Gen.Elements("a.test", "b.a.test", "c.b.a.test", "test", "x.test", "other")
            from path in paths
            from method in Gen.Elements("GET", "POST", "PUT")
            select (host, path, method);
        return request.ArrayOf(8);
    }

    private static string? Expected(RouteConfig[] rules, string host, string path, string method) => rules
        .Select((rule, order) => (rule.Name, rule.Match, Order: order))
        .Where(rule => Holds(rule.Match, host, path, method))
        .OrderBy(rule => HostRank(rule.Match.Host))
        .ThenBy(rule => PathRank(rule.Match))
        .ThenBy(rule => rule.Match.Methods.IsEmpty)
        .ThenBy(rule => rule.Order)
        .Select(rule => rule.Name).FirstOrDefault();

    private static bool Holds(RouteMatch match, string host, string path, string method) =>
        (match.Host is null || string.Equals(match.Host, host, StringComparison.Ordinal) || (match.Host.StartsWith("*.", StringComparison.Ordinal) && host.EndsWith(match.Host[1..], StringComparison.Ordinal)))
        && (match.Path is null || string.Equals(match.Path, path, StringComparison.Ordinal))
        && (match.PathPrefix is null || (path + "/").StartsWith(match.PathPrefix.TrimEnd('/') + "/", StringComparison.Ordinal))
        && (match.PathRegex is null || Regex.IsMatch(path, $"^({match.PathRegex})$", RegexOptions.None, TimeSpan.FromSeconds(1)))
        && (match.Methods.IsEmpty || match.Methods.Contains(method, StringComparer.Ordinal));

    private static int HostRank(string? host) => host is null ? int.MaxValue : host.StartsWith('*') ? 1000 - host.Length : 0;

    private static int PathRank(RouteMatch match) =>
        match.Path is not null ? 0 : match.PathRegex is not null ? 1 : match.PathPrefix is not null ? 1000 - match.PathPrefix.TrimEnd('/').Length : int.MaxValue;
}
