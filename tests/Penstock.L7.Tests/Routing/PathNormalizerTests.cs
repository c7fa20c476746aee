// SPDX-License-Identifier: Apache-2.0
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Penstock.L7.Routing;

namespace Penstock.L7.Tests.Routing;

public sealed class PathNormalizerTests
{
    [Theory]
    [InlineData("/", "/", "/")]
    [InlineData("*", "*", "*")]
    [InlineData("/a/b.c/", "/a/b.c/", "/a/b.c/")]
    [InlineData("/.", "/", "/")]
    [InlineData("/./", "/", "/")]
    [InlineData("/./a", "/a", "/a")]
    [InlineData("/a/.", "/a/", "/a/")]
    [InlineData("/a/..", "/", "/")]
    [InlineData("/a/b/..", "/a/", "/a/")]
    [InlineData("/a/b/../c", "/a/c", "/a/c")]
    [InlineData("/a/b/../../c", "/c", "/c")]
    [InlineData("/public/%2e%2e/admin", "/admin", "/admin")]
    [InlineData("/public/.%2E/admin", "/admin", "/admin")]
    [InlineData("/%2e/admin", "/admin", "/admin")]
    [InlineData("/a//../b", "/a/b", "/a/b")]
    [InlineData("//admin", "//admin", "/admin")]
    [InlineData("/a//b///", "/a//b///", "/a/b/")]
    [InlineData("/%61dmin", "/%61dmin", "/admin")]
    [InlineData("/admin%2fx", "/admin%2fx", "/admin/x")]
    [InlineData("/a%2F/b", "/a%2F/b", "/a/b")]
    [InlineData("/a%20b", "/a%20b", "/a b")]
    [InlineData("/%252e%252e/x", "/%252e%252e/x", "/%2e%2e/x")]
    [InlineData("/...", "/...", "/...")]
    [InlineData("/.well-known/x", "/.well-known/x", "/.well-known/x")]
    [InlineData("/..a/.b;c", "/..a/.b;c", "/..a/.b;c")]
    [InlineData("/a;x=1/b", "/a;x=1/b", "/a;x=1/b")]
    [InlineData("/a\\b", "/a\\b", "/a\\b")]
    public void TryNormalize_Path_GivesBothForms(string raw, string forward, string match)
    {
        new PathNormalizer().TryNormalize(Encoding.UTF8.GetBytes(raw), out NormalPath path).ShouldBeTrue();

        Encoding.UTF8.GetString(path.Forward).ShouldBe(forward);
        Encoding.UTF8.GetString(path.Match).ShouldBe(match);
    }

    [Theory]
    [InlineData("/..")]
    [InlineData("/../a")]
    [InlineData("/a/../../b")]
    [InlineData("/%2e%2e/a")]
    [InlineData("/%00")]
    [InlineData("/a%")]
    [InlineData("/a%2")]
    [InlineData("/a%zz")]
    [InlineData("/a% 1")]
    [InlineData("/a%+1")]
    [InlineData("/x/%zz/../y")]
    [InlineData("/public%2f..%2fadmin")]
    [InlineData("/public%2f../admin")]
    [InlineData("/public/..%2fadmin")]
    [InlineData("/public/%2e%2e%2Fadmin")]
    [InlineData("/a%2f.")]
    [InlineData("/a/.%2fb")]
    [InlineData("/public/..\\admin")]
    [InlineData("/public\\..\\admin")]
    [InlineData("/public%5c..%5cadmin")]
    [InlineData("/public/..;/admin")]
    [InlineData("/public/..;x=1/admin")]
    [InlineData("/public/.;/admin")]
    [InlineData("/public/..%3B/admin")]
    [InlineData("a%20b")]
    public void TryNormalize_AmbiguousPath_IsRejected(string raw) =>
        new PathNormalizer().TryNormalize(Encoding.UTF8.GetBytes(raw), out _).ShouldBeFalse();

    [Fact]
    public void TryNormalize_LongPath_OutgrowsItsBuffers()
    {
        var normalizer = new PathNormalizer();
        string text = string.Concat(Enumerable.Repeat("/a%20b", 5_000));

        normalizer.TryNormalize(Encoding.UTF8.GetBytes(text), out NormalPath path).ShouldBeTrue();

        Encoding.UTF8.GetString(path.Forward).ShouldBe(text);
        path.Match.Length.ShouldBe(5_000 * 4);
    }

    /// <summary>Whatever an origin does of decoding, merging and resolving to the forwarded path, it gets what routes saw.</summary>
    [Fact]
    public void TryNormalize_AnyPath_LooksAlikeToEveryOrigin() =>
        Prop.ForAll(HostilePaths().ToArbitrary(), raw =>
        {
            if (!new PathNormalizer().TryNormalize(Encoding.UTF8.GetBytes(raw), out NormalPath path))
            {
                return;
            }

            string forward = Encoding.UTF8.GetString(path.Forward);
            string match = Encoding.UTF8.GetString(path.Match);
            match.ShouldBe(Merge(Uri.UnescapeDataString(forward)), raw);
            Resolve(match).ShouldBe(match, raw);
            Merge(Uri.UnescapeDataString(Resolve(forward))).ShouldBe(match, raw);
            new PathNormalizer().TryNormalize(path.Forward, out NormalPath again).ShouldBeTrue();
            Encoding.UTF8.GetString(again.Forward).ShouldBe(forward, raw);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    private static Gen<string> HostilePaths() =>
        Gen.Elements("/", "/", "/", "x", "y", ".", ".", "..", "%2e", "%2E", "%2f", "%2F", "%5c", "\\", ";", "%20", "%61", "%25", "%")
            .NonEmptyListOf().Select(parts => "/" + string.Concat(parts));

    private static string Merge(string path)
    {
        while (path.Contains("//", StringComparison.Ordinal))
        {
            path = path.Replace("//", "/", StringComparison.Ordinal);
        }

        return path;
    }

    /// <summary>RFC 3986 section 5.2.4, naively.</summary>
    private static string Resolve(string path)
    {
        var kept = new List<string>();
        string[] segments = path.Split('/')[1..];
        foreach (string segment in segments)
        {
            if (segment is ".." && kept.Count > 0)
            {
                kept.RemoveAt(kept.Count - 1);
            }
            else if (segment is not ("." or ".."))
            {
                kept.Add(segment);
            }
        }

        return "/" + string.Join('/', kept) + (segments[^1] is "." or ".." && kept.Count > 0 ? "/" : "");
    }
}
