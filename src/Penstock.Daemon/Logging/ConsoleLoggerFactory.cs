// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;

namespace Penstock.Daemon.Logging;

/// <summary>Loggers that write one line an event to one writer, and lose those that it does not take. Thread-safe.</summary>
internal sealed class ConsoleLoggerFactory : ILoggerFactory
{
    private readonly bool _journal;
    private readonly LogLevel _least;
    private readonly TimeProvider _time;
    private readonly LogQueue _queue;

    /// <summary>Begins a log.</summary>
    /// <param name="output">Where to; standard error in the daemon.</param>
    /// <param name="journal">Lines start with the <c>&lt;N&gt;</c> of sd-daemon(3) and leave the time to the journal.</param>
    /// <param name="least">Less severe events are left out.</param>
    /// <param name="time">Clock of the time stamps.</param>
    public ConsoleLoggerFactory(TextWriter output, bool journal, LogLevel least, TimeProvider time)
    {
        _journal = journal;
        _least = least;
        _time = time;
        _queue = new LogQueue(output, lost => Line(LogLevel.Warning, "Log", $"{lost} lines were lost: nobody took them"));
    }

    /// <summary>The factory of this process: standard error, for the journal when systemd connected it there.</summary>
    public static ConsoleLoggerFactory ForStandardError(LogLevel least, TimeProvider time)
    {
        var journal = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("JOURNAL_STREAM"));
        return new ConsoleLoggerFactory(Console.Error, journal, least, time);
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName)
    {
        var dot = categoryName.LastIndexOf('.');
        return new ConsoleLogger(this, dot < 0 ? categoryName : categoryName[(dot + 1)..]);
    }

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("There is one sink.");

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <summary>Whether events of this level are written.</summary>
    internal bool IsEnabled(LogLevel level) => level >= _least && level != LogLevel.None;

    /// <summary>Writes one event as one line.</summary>
    internal void Write(LogLevel level, string category, string message, Exception? exception)
    {
        // An unexpected exception keeps its trace: one line still, so that no reader takes a frame for an event.
        var text = exception is null ? message : $"{message}: {exception}";
        _queue.Write(Line(level, category, text.ReplaceLineEndings(" | ")));
    }

    // Syslog severities of sd-daemon(3).
    private static int Severity(LogLevel level) => level switch
    {
        LogLevel.Critical => 2,
        LogLevel.Error => 3,
        LogLevel.Warning => 4,
        LogLevel.Information => 6,
        _ => 7,
    };

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Critical => "critical",
        LogLevel.Error => "error",
        LogLevel.Warning => "warning",
        LogLevel.Information => "info",
        _ => "debug",
    };

    private string Line(LogLevel level, string category, string text) => $"{Prefix(level)}{category}: {text}\n";

    private string Prefix(LogLevel level) =>
        _journal ? $"<{Severity(level)}>" : $"{_time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {Word(level)} ";
}
