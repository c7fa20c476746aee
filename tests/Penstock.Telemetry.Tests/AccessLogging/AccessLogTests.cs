// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;
using Penstock.Model.L7;
using Penstock.Model.Observability;
using Penstock.Tests;

namespace Penstock.Telemetry.Tests.AccessLogging;

public sealed class AccessLogTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _directory = Directory.CreateTempSubdirectory("access-log").FullName;
    private readonly RecordingLogger<AccessLog> _logger = new();
    private readonly AccessLogRing _ring = new(AccessLogRing.MinCapacityBytes);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Dispose_RecordsInRings_AreWrittenFirst()
    {
        var path = PathOf("a.log");
        using (var log = Log(path))
        {
            for (var i = 0; i < 100; i++)
                Write(i);
        }

        Statuses(path).ShouldBe(Enumerable.Range(0, 100));
    }

    [Fact]
    public void Apply_WhileRunning_WritesWithinMoments()
    {
        var path = PathOf("a.log");
        using var log = Log(path);

        Write(7);

        Eventually(() => Statuses(path).SequenceEqual([7]));
        File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
    }

    [Fact]
    public void Apply_FileWithContent_Appends()
    {
        var path = PathOf("a.log");
        File.WriteAllText(path, "1\n");
        using (var log = Log(path))
            Write(2);

        Statuses(path).ShouldBe([1, 2]);
    }

    [Fact]
    public void Reopen_FileRenamed_WritesToANewFileOfTheSamePath()
    {
        var path = PathOf("a.log");
        using var log = Log(path);
        Write(1);
        Eventually(() => Statuses(path).SequenceEqual([1]));
        File.Move(path, path + ".1");
        Write(2);
        Eventually(() => Statuses(path + ".1").SequenceEqual([1, 2]));

        log.Reopen();

        // The file is opened by the first write after the log's thread has noticed.
        Eventually(() => Write(3) && File.Exists(path));
        Eventually(() => Statuses(path) is { Count: > 0 } all && all.All(s => s == 3));
    }

    [Fact]
    public void Apply_OtherPathFormatAndRings_LosesNothing()
    {
        var (first, second) = (PathOf("a.log"), PathOf("b.log"));
        var other = new AccessLogRing(AccessLogRing.MinCapacityBytes);
        using (var log = Log(first))
        {
            Write(1);
            log.Apply(new AccessLogConfig { Path = second, Format = "%{status}" }, [other]);
            Eventually(() => File.Exists(first) || File.Exists(second));
            Write(2);
            other.TryWrite(new AccessRecord { Status = 3 });
        }

        string[] files = [first, second];
        files.Where(File.Exists).SelectMany(Statuses).ShouldBe([1, 2, 3], ignoreOrder: true);
        Statuses(second).ShouldContain(3);
    }

    [Fact]
    public void Apply_NoConfigAnyMore_WritesWhatIsLeft()
    {
        var path = PathOf("a.log");
        using var log = Log(path);
        Write(1);
        log.Apply(config: null, []);

        Eventually(() => File.Exists(path) && Statuses(path).SequenceEqual([1]));
    }

    [Fact]
    public void Write_FullDisk_DropsCountsAndReportsOnce()
    {
        using (var log = Log("/dev/full"))
        {
            Eventually(() => !WriteMany(1) && log.Dropped > 10 && !_logger.Messages.IsEmpty);
            _ring.Dropped.ShouldBeGreaterThan(0);
        }

        _logger.Messages.Count(m => m.Level == LogLevel.Error && m.Text.Contains("No space left on device", StringComparison.Ordinal)).ShouldBe(1);
        _logger.Messages.ShouldContain(m => m.Text.Contains("could not be written before the end", StringComparison.Ordinal));
    }

    [Fact]
    public void Write_FifoWithoutReader_DropsUntilOneComes()
    {
        var path = PathOf("fifo");
        using (var make = Process.Start("mkfifo", path))
            make.WaitForExit();

        using var log = Log(path);
        Eventually(() => !WriteMany(1) && log.Dropped > 10 && _logger.Messages.Any(m => m.Text.Contains("No such device", StringComparison.Ordinal)));

        using var reader = new StreamReader(File.OpenRead(path), Encoding.UTF8);
        var lines = new HashSet<string?>(StringComparer.Ordinal);
        var reading = new Thread(() =>
        {
            while (!lines.Contains("2"))
                lines.Add(reader.ReadLine());
        });
        reading.Start();

        Eventually(() => Write(2));
        reading.Join(Patience).ShouldBeTrue();
        lines.ShouldBe(["1", "2"]);
        _logger.Messages.ShouldContain(m => m.Text.Contains("can be written again", StringComparison.Ordinal));
    }

    [Fact]
    public void Write_DirectoryMissing_RecoversWhenItComes()
    {
        var path = Path.Combine(_directory, "later", "a.log");
        using var log = Log(path);
        Write(1);
        Eventually(() => _logger.Messages.Any(m => m.Text.Contains("No such file or directory", StringComparison.Ordinal)));

        Directory.CreateDirectory(Path.Combine(_directory, "later"));

        Eventually(() => File.Exists(path) && Statuses(path).SequenceEqual([1]));
    }

    [Fact]
    public void Write_ManyRecordsFromManyRings_KeepsEachRingsOrder()
    {
        var path = PathOf("a.log");
        var rings = Enumerable.Range(0, 3).Select(_ => new AccessLogRing(1 << 20)).ToArray();
        using (var log = new AccessLog(TimeProvider.System, _logger))
        {
            log.Apply(new AccessLogConfig { Path = path, Format = "%{client_port} %{status}" }, rings);
            var writers = rings.Select((ring, index) => new Thread(() =>
            {
                for (var i = 0; i < 20_000; i++)
                {
                    while (!ring.TryWrite(new AccessRecord { ClientPort = index, Status = i }))
                        Thread.Yield();
                }
            })).ToArray();
            Array.ForEach(writers, w => w.Start());
            Array.ForEach(writers, w => w.Join());
        }

        var lines = File.ReadAllLines(path).Select(l => l.Split(' ')).ToLookup(l => l[0], l => int.Parse(l[1]), StringComparer.Ordinal);
        foreach (var ring in lines)
            ring.ShouldBe(Enumerable.Range(0, 20_000));

        lines.Count.ShouldBe(3);
    }

    [Fact]
    public void Write_OneRingFullerThanTheOther_TakesTurns()
    {
        var path = PathOf("a.log");
        var rings = Enumerable.Range(0, 2).Select(_ => new AccessLogRing(1 << 20)).ToArray();
        for (var i = 0; i < 2000; i++)
            rings[0].TryWrite(new AccessRecord { Status = i }).ShouldBeTrue();
        rings[1].TryWrite(new AccessRecord { Status = 5000 }).ShouldBeTrue();

        using (var log = new AccessLog(TimeProvider.System, _logger))
            log.Apply(new AccessLogConfig { Path = path, Format = "%{status}" }, rings);

        var lines = Statuses(path);
        lines.Count.ShouldBe(2001);
        lines.Take(100).ShouldContain(5000);
    }

    [Fact]
    public void Apply_BadFormat_Throws()
    {
        using var log = new AccessLog(TimeProvider.System, _logger);

        Should.Throw<FormatException>(() => log.Apply(new AccessLogConfig { Format = "%{nope}" }, [])).Message.ShouldContain("nope");
    }

    [Fact]
    public void Run_NothingToLog_Sleeps()
    {
        var time = new CountingTime();
        using var log = new AccessLog(time, _logger);
        Eventually(() => time.Asked >= 3); // It has made one pass, and waits.

        Thread.Sleep(500); // Twenty passes of a log that is written.

        time.Asked.ShouldBe(3);
    }

    [Fact]
    public void Apply_AfterNothingToLog_Writes()
    {
        var time = new CountingTime();
        using var log = new AccessLog(time, _logger);
        Eventually(() => time.Asked >= 3);

        log.Apply(new AccessLogConfig { Path = PathOf("a.log"), Format = "%{status}" }, [_ring]);
        Write(7);

        Eventually(() => Statuses(PathOf("a.log")).SequenceEqual([7]));
    }

    private static IReadOnlyList<int> Statuses(string path) => File.Exists(path) ? [.. File.ReadAllLines(path).Select(l => int.Parse(l))] : [];

    private static void Eventually(Func<bool> condition) => SpinWait.SpinUntil(condition, Patience).ShouldBeTrue();

    private string PathOf(string name) => Path.Combine(_directory, name);

    private bool Write(int status) => _ring.TryWrite(new AccessRecord { Status = status });

    private bool WriteMany(int status)
    {
        var taken = 0;
        while (taken < 1000 && Write(status))
            taken++;

        return taken == 1000;
    }

    private AccessLog Log(string path)
    {
        var log = new AccessLog(TimeProvider.System, _logger, TimeSpan.FromMilliseconds(200));
        log.Apply(new AccessLogConfig { Path = path, Format = "%{status}" }, [_ring]);
        return log;
    }

    /// <summary>The system's clock, which counts how often it is looked at.</summary>
    private sealed class CountingTime : TimeProvider
    {
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public override long GetTimestamp()
        {
            Interlocked.Increment(ref _asked);
            return base.GetTimestamp();
        }
    }
}
