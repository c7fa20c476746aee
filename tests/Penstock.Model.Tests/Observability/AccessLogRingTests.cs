// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Penstock.Model.Observability;

namespace Penstock.Model.Tests.Observability;

public sealed class AccessLogRingTests
{
    [Fact]
    public void TryRead_RecordWritten_GivesEveryFieldBack()
    {
        var ring = new AccessLogRing(AccessLogRing.MinCapacityBytes);

        ring.TryWrite(Record(target: "/shop?a=1"u8)).ShouldBeTrue();

        ring.TryRead(out var entry).ShouldBeTrue();
        entry.StartUnixMicroseconds.ShouldBe(1_700_000_000_123_456);
        entry.DurationMicroseconds.ShouldBe(1234);
        entry.UpstreamMicroseconds.ShouldBe(-1);
        entry.RequestBodyBytes.ShouldBe(5_000_000_000);
        entry.ResponseBodyBytes.ShouldBe(6_000_000_000);
        entry.ClientAddress.ToArray().ShouldBe(new byte[] { 192, 0, 2, 1 });
        entry.ClientPort.ShouldBe(50123);
        entry.HttpVersion.ShouldBe(11);
        entry.Status.ShouldBe(502);
        entry.Attempts.ShouldBe(2);
        Text(entry.Method).ShouldBe("GET");
        Text(entry.Target).ShouldBe("/shop?a=1");
        Text(entry.Host).ShouldBe("shop.example.com");
        Text(entry.UserAgent).ShouldBe("curl/8");
        Text(entry.Referer).ShouldBe("http://r/");
        Text(entry.RequestId).ShouldBe("id-1");
        Text(entry.Reason).ShouldBe("connection_refused");
        Text(entry.Listener).ShouldBe("https");
        Text(entry.Route).ShouldBe("größe");
        Text(entry.Cluster).ShouldBe("mesh-a");
        Text(entry.Endpoint).ShouldBe("10.0.0.1:80");
        Text(entry.ProxyValues).ShouldBe("alpn=h2");
        entry.IsTruncated.ShouldBeFalse();
    }

    [Fact]
    public void TryRead_DefaultRecord_GivesEmptyFields()
    {
        var ring = new AccessLogRing(AccessLogRing.MinCapacityBytes);

        ring.TryWrite(default).ShouldBeTrue();

        ring.TryRead(out var entry).ShouldBeTrue();
        entry.Target.Length.ShouldBe(0);
        entry.Endpoint.Length.ShouldBe(0);
        ring.TryRead(out _).ShouldBeFalse();
        ring.UsedBytes.ShouldBe(0);
    }

    [Fact]
    public void TryWrite_FieldsBeyondTheirLimits_CutsThemAndSaysSo()
    {
        var ring = new AccessLogRing(AccessLogRing.MinCapacityBytes);
        var big = Encoding.ASCII.GetBytes(new string('x', 100_000));
        var record = new AccessRecord
        {
            ClientAddress = big,
            Method = big,
            Target = big,
            Host = big,
            UserAgent = big,
            Referer = big,
            RequestId = big,
            Reason = new string('é', 1000),
            Listener = new string('\uD83D', 1000),
            Route = new string('r', 1000),
            Cluster = new string('c', 1000),
            Endpoint = new string('e', 1000),
        };

        ring.TryWrite(in record).ShouldBeTrue();

        ring.TryRead(out var entry).ShouldBeTrue();
        entry.IsTruncated.ShouldBeTrue();
        entry.Target.Length.ShouldBe(AccessLogRing.MaxTargetBytes);
        entry.Referer.Length.ShouldBe(AccessLogRing.MaxRefererBytes);
        entry.UserAgent.Length.ShouldBe(AccessLogRing.MaxUserAgentBytes);
        entry.Host.Length.ShouldBe(AccessLogRing.MaxFieldBytes);
        Text(entry.Reason).ShouldBe(new string('é', AccessLogRing.MaxFieldBytes / 2));
        Text(entry.Endpoint).ShouldBe(new string('e', AccessLogRing.MaxFieldBytes));
    }

    [Fact]
    public void TryWrite_RingFull_DropsAndCountsUntilRead()
    {
        var ring = new AccessLogRing(AccessLogRing.MinCapacityBytes);
        var written = 0;
        while (ring.TryWrite(Record("/"u8)))
            written++;

        ring.TryWrite(Record("/"u8)).ShouldBeFalse();

        written.ShouldBeGreaterThan(100);
        ring.Dropped.ShouldBe(2);
        for (var i = 0; i < written; i++)
            ring.TryRead(out _).ShouldBeTrue();

        ring.TryRead(out _).ShouldBeFalse();
        ring.TryWrite(Record("/"u8)).ShouldBeTrue();
        ring.Dropped.ShouldBe(2);
    }

    [Fact]
    public void TryRead_SizesThatMeetTheEndEverywhere_KeepsOrderAndContent()
    {
        var ring = new AccessLogRing(AccessLogRing.MinCapacityBytes);
        var random = new Random(1);
        var buffer = new byte[AccessLogRing.MaxTargetBytes];
        var expected = new Queue<(int Status, int Length)>();
        for (var i = 0; i < 200_000; i++)
        {
            var length = random.Next(3) == 0 ? random.Next(buffer.Length) : random.Next(64);
            Array.Fill(buffer, (byte)i, 0, length);
            if (ring.TryWrite(new AccessRecord { Status = i, Target = buffer.AsSpan(0, length) }))
                expected.Enqueue((i, length));

            if (random.Next(20) != 0)
                continue;

            for (var n = random.Next(40); n > 0 && ring.TryRead(out var entry); n--)
                Check(entry, expected.Dequeue());
        }

        while (ring.TryRead(out var entry))
            Check(entry, expected.Dequeue());

        expected.ShouldBeEmpty();
        ring.Dropped.ShouldBeGreaterThan(0);
    }

    [Fact]
    [SuppressMessage("Usage", "xUnit1031", Justification = "Two plain threads are what is tested.")]
    public void TryRead_WriterOnAnotherThread_GetsEveryRecordWhole()
    {
        const int Count = 400_000;
        var ring = new AccessLogRing(AccessLogRing.MinCapacityBytes);
        var writer = new Thread(() => WriteAll(ring, Count));
        writer.Start();

        var read = 0L;
        var last = -1;
        while (last != Count - 1)
        {
            if (!ring.TryRead(out var entry))
                continue;

            entry.Status.ShouldBeGreaterThan(last);
            last = entry.Status;
            entry.DurationMicroseconds.ShouldBe(last);
            entry.Target.Length.ShouldBe(last % 700);
            entry.Target.ContainsAnyExcept((byte)last).ShouldBeFalse();
            Text(entry.Endpoint).ShouldBe((last & 1) == 0 ? "even" : "odd endpoint");
            read++;
        }

        writer.Join();
        (read + ring.Dropped).ShouldBeGreaterThanOrEqualTo(Count);
        ring.UsedBytes.ShouldBeGreaterThan(0);
        ring.TryRead(out _).ShouldBeFalse();
        ring.UsedBytes.ShouldBe(0);
    }

    [Fact]
    public void TryWrite_AndRead_AllocateNothing()
    {
        var ring = new AccessLogRing(AccessLogRing.MinCapacityBytes);
        Cycle(ring, 1000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Cycle(ring, 10_000);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    [Theory]
    [InlineData(0, AccessLogRing.MinCapacityBytes)]
    [InlineData(65_537, 131_072)]
    [InlineData(1 << 20, 1 << 20)]
    public void CapacityBytes_AnySize_IsAPowerOfTwoWithinBounds(int asked, int capacity) =>
        new AccessLogRing(asked).CapacityBytes.ShouldBe(capacity);

    private static void Cycle(AccessLogRing ring, int count)
    {
        for (var i = 0; i < count; i++)
        {
            ring.TryWrite(Record("/shop"u8));
            ring.TryRead(out _);
        }
    }

    private static void WriteAll(AccessLogRing ring, int count)
    {
        var buffer = new byte[700];
        for (var i = 0; i < count; i++)
        {
            var target = buffer.AsSpan(0, i % 700);
            target.Fill((byte)i);
            var record = new AccessRecord { Status = i, DurationMicroseconds = i, Target = target, Endpoint = (i & 1) == 0 ? "even" : "odd endpoint" };
            // The last record must arrive, since the reader waits for it.
            while (!ring.TryWrite(in record) && i == count - 1)
                Thread.Yield();
        }
    }

    private static void Check(AccessLogEntry entry, (int Status, int Length) expected)
    {
        entry.Status.ShouldBe(expected.Status);
        entry.Target.Length.ShouldBe(expected.Length);
        entry.Target.ContainsAnyExcept((byte)expected.Status).ShouldBeFalse();
    }

    private static AccessRecord Record(ReadOnlySpan<byte> target) => new()
    {
        StartUnixMicroseconds = 1_700_000_000_123_456,
        DurationMicroseconds = 1234,
        UpstreamMicroseconds = -1,
        ClientAddress = [192, 0, 2, 1],
        ClientPort = 50123,
        Method = "GET"u8,
        Target = target,
        Host = "shop.example.com"u8,
        UserAgent = "curl/8"u8,
        ProxyValues = "alpn=h2"u8,
        Referer = "http://r/"u8,
        RequestId = "id-1"u8,
        HttpVersion = 11,
        Status = 502,
        Reason = "connection_refused",
        Listener = "https",
        Route = "größe",
        Cluster = "mesh-a",
        Endpoint = "10.0.0.1:80",
        RequestBodyBytes = 5_000_000_000,
        ResponseBodyBytes = 6_000_000_000,
        Attempts = 2,
    };

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
