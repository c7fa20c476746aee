// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Penstock.Model.Observability;
using Penstock.Telemetry.AccessLogging;

namespace Penstock.Telemetry.Tests.AccessLogging;

public sealed class LineFormatterTests
{
    [Fact]
    public void Format_Json_HasEveryFieldWithItsValue()
    {
        var line = Format("json", Records.Typical("/a?b=c"u8));

        line.ShouldEndWith("}\n");
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        root.EnumerateObject().Select(p => p.Name).ShouldBe(AccessLogFields.Names);
        root.GetProperty("time").GetString().ShouldBe("2023-11-14T22:13:20.000456Z");
        root.GetProperty("client_address").GetString().ShouldBe("192.0.2.1");
        root.GetProperty("client_port").GetInt32().ShouldBe(50123);
        root.GetProperty("method").GetString().ShouldBe("GET");
        root.GetProperty("target").GetString().ShouldBe("/a?b=c");
        root.GetProperty("protocol").GetString().ShouldBe("HTTP/1.1");
        root.GetProperty("status").GetInt32().ShouldBe(200);
        root.GetProperty("duration_us").GetInt64().ShouldBe(1234);
        root.GetProperty("upstream_us").GetInt64().ShouldBe(1000);
        root.GetProperty("response_bytes").GetInt64().ShouldBe(6_000_000_000);
        root.GetProperty("endpoint").GetString().ShouldBe("10.0.0.1:80");
    }

    [Fact]
    public void Format_JsonWithoutUpstream_SaysNull()
    {
        using var json = JsonDocument.Parse(Format("json", new AccessRecord { UpstreamMicroseconds = -1 }));

        json.RootElement.GetProperty("upstream_us").ValueKind.ShouldBe(JsonValueKind.Null);
        json.RootElement.GetProperty("client_address").GetString().ShouldBe("");
        json.RootElement.GetProperty("protocol").GetString().ShouldBe("");
    }

    [Fact]
    public void Format_JsonWithAnyBytes_ParsesBackToWhatWasSent()
    {
        var random = new Random(7);
        var formatter = Formatter("json");
        for (var i = 0; i < 20_000; i++)
        {
            var target = new byte[random.Next(40)];
            random.NextBytes(target);
            if (i % 2 == 0)
                target = Encoding.UTF8.GetBytes("\"\\\0\n\u007f\u009b\u2028é漢😀"[random.Next(11)..]);

            var line = Format(formatter, new AccessRecord { Target = target });

            line.Count(c => c is '\n' or '\r').ShouldBe(1);
            line[..^1].Any(char.IsControl).ShouldBeFalse();
            using var json = JsonDocument.Parse(line);
            json.RootElement.GetProperty("target").GetString().ShouldBe(Encoding.UTF8.GetString(target));
        }
    }

    [Fact]
    public void Format_JsonWithTheLargestRecord_FitsMaxLineBytes()
    {
        var worst = new byte[AccessLogRing.MaxTargetBytes];
        worst.AsSpan().Fill(1);
        var name = new string('\u0001', AccessLogRing.MaxFieldBytes);
        var record = new AccessRecord
        {
            StartUnixMicroseconds = DateTimeOffset.MaxValue.ToUnixTimeSeconds() * 1_000_000,
            DurationMicroseconds = long.MinValue,
            UpstreamMicroseconds = long.MaxValue,
            ClientAddress = IPAddress.Parse("1111:2222:3333:4444:5555:6666:7777:8888").GetAddressBytes(),
            Method = worst,
            Target = worst,
            Host = worst,
            UserAgent = worst,
            Referer = worst,
            RequestId = worst,
            Reason = name,
            Listener = name,
            Route = name,
            Cluster = name,
            Endpoint = name,
            ProxyValues = worst,
        };

        using var json = JsonDocument.Parse(Format("json", record));

        json.RootElement.GetProperty("target").GetString().ShouldBe(new string('\u0001', AccessLogRing.MaxTargetBytes));
    }

    [Fact]
    public void Format_Text_PrintsFieldsBetweenLiterals()
    {
        var line = Format("%{client_address} \"%{method} %{target}\" %{status} %{upstream_us} 100%%", Records.Typical("/a?b=c"u8));

        line.ShouldBe("192.0.2.1 \"GET /a?b=c\" 200 1000 100%\n");
    }

    [Fact]
    public void Format_TextWithHostileBytes_EscapesWhatIsNotPrintableAscii()
    {
        var line = Format("%{target} %{user_agent} %{upstream_us} %{client_address}", new AccessRecord { Target = "/\"\\\n\u001b[2Jé"u8, UpstreamMicroseconds = -1 });

        line.ShouldBe("/\\x22\\x5c\\x0a\\x1b[2J\\xc3\\xa9 - - -\n");
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("255.249.100.9")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("1::")]
    [InlineData("2001:db8::1")]
    [InlineData("2001:db8:0:1:1:1:1:1")]
    [InlineData("2001:0:0:1::1")]
    [InlineData("2001:db8::1:0:0:1")]
    [InlineData("fe80::abcd:ef01:2345:6789")]
    public void Format_Address_IsInCanonicalForm(string text)
    {
        Format("%{client_address}", new AccessRecord { ClientAddress = IPAddress.Parse(text).GetAddressBytes() }).ShouldBe(text + "\n");
    }

    [Fact]
    public void Format_AnyIPv6Address_ParsesBack()
    {
        var random = new Random(3);
        var bytes = new byte[16];
        var formatter = Formatter("%{client_address}");
        for (var i = 0; i < 20_000; i++)
        {
            for (var b = 0; b < 16; b++)
                bytes[b] = (byte)(random.Next(3) > 0 ? 0 : random.Next(256));

            var line = Format(formatter, new AccessRecord { ClientAddress = bytes });

            var expected = new IPAddress(bytes);
            IPAddress.Parse(line.TrimEnd()).ShouldBe(expected.IsIPv4MappedToIPv6 ? expected.MapToIPv4() : expected);
        }
    }

    [Fact]
    public void Format_TimesInAnyOrder_AreRight()
    {
        var formatter = Formatter("%{time}");
        foreach (var microseconds in new[] { 0L, 999_999, 1_000_000, 0, 1_700_000_000_000_001, 1_700_000_000_999_999, 1_699_999_999_999_999 })
        {
            var expected = DateTimeOffset.UnixEpoch.AddTicks(microseconds * 10).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
            Format(formatter, new AccessRecord { StartUnixMicroseconds = microseconds }).ShouldBe(expected + "\n");
        }
    }

    [Theory]
    [InlineData("json")]
    [InlineData("%{time} %{client_address} \"%{method} %{target}\" %{status}")]
    public void Format_ManyRecords_AllocatesNothing(string format)
    {
        var formatter = Formatter(format);
        var ring = new AccessLogRing(AccessLogRing.MinCapacityBytes);
        ring.TryWrite(Records.Typical("/a\u001bé"u8));
        ring.TryRead(out var entry);
        var buffer = new byte[formatter.MaxLineBytes];
        formatter.Format(entry, buffer);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            formatter.Format(entry, buffer);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    private static LineFormatter Formatter(string format)
    {
        AccessLogFormat.TryParse(format, out var parsed, out var error, out _).ShouldBeTrue(error);
        return new LineFormatter(parsed);
    }

    private static string Format(string format, in AccessRecord record) => Format(Formatter(format), in record);

    private static string Format(LineFormatter formatter, in AccessRecord record)
    {
        var ring = new AccessLogRing(AccessLogRing.MinCapacityBytes);
        ring.TryWrite(in record).ShouldBeTrue();
        ring.TryRead(out var entry).ShouldBeTrue();
        var buffer = new byte[formatter.MaxLineBytes];
        return Encoding.UTF8.GetString(buffer.AsSpan(0, formatter.Format(entry, buffer)));
    }
}
