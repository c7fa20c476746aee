// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.L7.Admission;
using Penstock.Linux;

namespace Penstock.L7.Tests.Admission;

public sealed class DescriptorBudgetTests
{
    private readonly StoppedClock _clock = new();
    private readonly RecordingLogger _logger = new();

    [Fact]
    public void MaxClients_IsHalfOfWhatTheDaemonDoesNotNeed()
    {
        Budget(taken: 60).MaxClients.ShouldBe(434);
        Budget(taken: 2000).MaxClients.ShouldBe(1);
    }

    [Fact]
    public void Room_ClientsComeAndGo_IsThereWhileTheyHoldLessThanTheirShare()
    {
        var budget = Budget(taken: 954);
        budget.Enter();
        budget.HasRoom.ShouldBeTrue();
        budget.Enter();
        budget.HasRoom.ShouldBeFalse();
        budget.Leave();
        budget.HasRoom.ShouldBeTrue();
    }

    [Fact]
    public void HeldBack_ManyTimes_IsLoggedOnceInAWhile()
    {
        var budget = Budget(taken: 60);
        for (var i = 0; i < 100; i++)
            budget.OnHeldBack(Errno.None);
        _logger.Lines.ShouldHaveSingleItem().ShouldContain("new clients wait: the 434 connections are open");

        _clock.Seconds = 31;
        budget.OnHeldBack(Errno.EMFILE);
        _logger.Lines.Count.ShouldBe(2);
        _logger.Lines[1].ShouldContain("no file descriptor is left of the 1024");
    }

    [Fact]
    public void Warnings_WhileItHappens_SayWhatIsShort()
    {
        var budget = Budget(taken: 60);
        budget.Warnings().ShouldBeEmpty();

        budget.OnHeldBack(Errno.None);
        budget.OnConnectRefused(Errno.ENFILE);
        var warnings = budget.Warnings().ToArray();
        warnings[0].ShouldContain("the limit of open files, 1024,");
        warnings[1].ShouldBe("connections to endpoints fail: the host has no open file left (sysctl fs.file-max)");

        _clock.Seconds = 6;
        budget.Warnings().ShouldBeEmpty();
    }

    private DescriptorBudget Budget(int taken) => new(limit: 1024, new DescriptorShares(ceiling: 960, taken).Add(), _clock, _logger);

    private sealed class StoppedClock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }

    private sealed class RecordingLogger : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));
    }
}
