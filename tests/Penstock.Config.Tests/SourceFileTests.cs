// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Text;
using Penstock.Model.L4;

namespace Penstock.Config.Tests;

public sealed class SourceFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void File_WithCommentsAndBothFamilies_IsReadSortedAndOnce()
    {
        var set = Read("# drop\n192.0.2.0/24 ; SBL1\r\n\n  198.51.100.7\n2001:db8::/32\n192.0.2.0/24\n0.0.0.0/0\n10.0.0.0/8#x");

        set.Prefixes.ShouldBe(((string[])["0.0.0.0/0", "10.0.0.0/8", "192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"]).Select(text => SourcePrefix.Of(IPNetwork.Parse(text))));
        set.ToString().ShouldBe(_path);
    }

    [Theory]
    [InlineData("192.0.2.0/24\n192.0.2.1/24\n", "LIST:2: '192.0.2.1/24'; expected a network without host bits; did you mean '192.0.2.0/24'?")]
    [InlineData("192.0.2.0/33", "LIST:1: '192.0.2.0/33'; expected a prefix length from 0 to 32")]
    [InlineData("192.0.2", "LIST:1: '192.0.2'; expected a network such as 192.0.2.0/24")]
    [InlineData("192.0.02.1", "LIST:1: '192.0.02.1'; expected a network such as 192.0.2.0/24")]
    [InlineData("1.2.3.4.5", "LIST:1: '1.2.3.4.5'; expected a network such as 192.0.2.0/24")]
    [InlineData("192.0.2.0/024", "LIST:1: '192.0.2.0/024'; expected a prefix length from 0 to 32")]
    [InlineData("\0\u0001", "LIST:1: ")]
    public void File_BadLine_IsReportedWithItsNumber(string text, string expected)
    {
        File.WriteAllText(_path, text);

        Parse().Lines().ShouldHaveSingleItem().ShouldContain(expected.Replace("LIST", _path, StringComparison.Ordinal));
    }

    [Fact]
    public void File_WithoutNetworks_MayBlockNobodyButNotAllowNobody()
    {
        File.WriteAllText(_path, "# nothing\n");

        Parse("block").Lines().ShouldBeEmpty();
        Parse("allow").Lines().ShouldHaveSingleItem().ShouldContain("nobody would be served");
    }

    [Fact]
    public void File_Changed_IsAnotherConfiguration()
    {
        File.WriteAllText(_path, "192.0.2.0/24\n");
        var before = Parse().ContentHash();
        Parse().ContentHash().ShouldBe(before);

        File.WriteAllText(_path, "192.0.2.0/25\n");

        Parse().ContentHash().ShouldNotBe(before);
    }

    [Fact]
    public void File_OfAMillionNetworks_IsReadWithinBounds()
    {
        var text = new StringBuilder();
        for (var i = 0; i < 1_000_000; i++)
            text.Append($"{10 + (i >> 16)}.{(i >> 8) & 255}.{i & 255}.0/24\n");
        File.WriteAllText(_path, text.ToString());
        Parse();
        var before = GC.GetAllocatedBytesForCurrentThread();

        var set = Read(text: null);

        set.Prefixes.Length.ShouldBe(1_000_000);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(200_000_000);
    }

    private SourceSet Read(string? text)
    {
        if (text is not null)
            File.WriteAllText(_path, text);
        return Parse().Config.ShouldNotBeNull().L4.Services[0].Block.ShouldHaveSingleItem();
    }

    private ConfigResult Parse(string key = "block") => Some.Parse($$"""
        l4:
          interface: eth0
          services:
            - {name: web, listen: "tcp://203.0.113.10:80", forwarding: l7, {{key}}: {{_path}}}
        """);
}
