// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.Health.Tests;

public sealed class StatusLineParserTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n", 200)]
    [InlineData("HTTP/1.0 503 Service Unavailable\r\nServer: x\r\n\r\n", 503)]
    [InlineData("HTTP/1.1 204 \r\n", 204)]
    [InlineData("HTTP/1.1 204\r\n", 204)]
    [InlineData("HTTP/1.1 599 \u00e9\r\n", 599)]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 200)]
    public void Parse_StatusLine_AtEverySplitAsksForMoreThenGivesTheStatus(string text, int status)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        var end = text.LastIndexOf("HTTP/", StringComparison.Ordinal);
        end = text.IndexOf("\r\n", end, StringComparison.Ordinal) + 2;
        for (var length = 0; length < end; length++)
            StatusLineParser.Parse(bytes.AsSpan(0, length), out _).ShouldBe(ParseOutcome.NeedMore);

        StatusLineParser.Parse(bytes, out var found).ShouldBe(ParseOutcome.Done);
        found.ShouldBe(status);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH\r\n")]
    [InlineData("http/1.1 200 OK\r\n")]
    [InlineData("HTTP/2.0 200 OK\r\n")]
    [InlineData("HTTP/1.2 200 OK\r\n")]
    [InlineData("HTTP/1.1  200 OK\r\n")]
    [InlineData("HTTP/1.1\t200 OK\r\n")]
    [InlineData("HTTP/1.1 200 OK\n")]
    [InlineData("HTTP/1.1 200 OK\rX")]
    [InlineData("HTTP/1.1 20\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n")]
    [InlineData("HTTP/1.1 2x0 OK\r\n")]
    [InlineData("HTTP/1.1 +20 OK\r\n")]
    [InlineData("HTTP/1.1 099 OK\r\n")]
    [InlineData("HTTP/1.1 600 OK\r\n")]
    [InlineData("HTTP/1.1 200 O\0K\r\n")]
    [InlineData("\r\nHTTP/1.1 200 OK\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\njunk")]
    public void Parse_AnythingElse_IsRejected(string text) =>
        StatusLineParser.Parse(Encoding.Latin1.GetBytes(text), out _).ShouldBe(ParseOutcome.Rejected);

    [Fact]
    public void Parse_MutatedResponses_NeverThrows()
    {
        var random = new Random(2);
        var good = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n"u8.ToArray();
        for (var i = 0; i < 100_000; i++)
        {
            var mutant = good[..random.Next(good.Length + 1)];
            for (var n = random.Next(4); n > 0 && mutant.Length > 0; n--)
                mutant[random.Next(mutant.Length)] = random.Next(3) == 0 ? (byte)'\r' : (byte)random.Next(256);

            if (StatusLineParser.Parse(mutant, out var status) == ParseOutcome.Done)
                status.ShouldBeInRange(200, 599);
        }
    }
}
