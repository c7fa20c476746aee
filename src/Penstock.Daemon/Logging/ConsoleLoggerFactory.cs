// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;

namespace Penstock.Daemon.Logging;

/// <summary>Loggers that write one line an event to one writer, and lose those that it does not take. Thread-safe.</summary>
/// <param name="output">Where to; standard error in the daemon.</param>
/// <param name="journal">Lines start with the <c>&lt;N&gt;</c> of sd-daemon(3) and leave the time to the journal.</param>
/// <param name="least">Less severe events are left out.</param>
/// <param name="time">Clock of the time stamps.</param>
internal sealed class ConsoleLoggerFactory(TextWriter output, bool journal, LogLevel least, TimeProvider time) : ILoggerFactory
{
    private readonly Lock _lock = new();

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
    public void Dispose()
    {
        // The writer belongs to the caller.
    }

    /// <summary>Whether events of this level are written.</summary>
    internal bool IsEnabled(LogLevel level) => level >= least && level != LogLevel.None;

    /// <summary>Writes one event as one line.</summary>
    internal void Write(LogLevel level, string category, string message, Exception? exception)
    {
        // An unexpected exception keeps its trace: one line still, so that no reader takes a frame for an event.
        var text = exception is null ? message : $"{message}: {exception}";
        var line = $"{Prefix(level)}{category}: {text.ReplaceLineEndings(" | ")}\n";
        lock (_lock)
        {
            try
            {
                output.Write(line);
                output.Flush();
            }
            catch (IOException)
            {
                // A log on a full disk: its lines are lost, the traffic is not.
            }
        }
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

    private string Prefix(LogLevel level) =>
        journal ? $"<{Severity(level)}>" : $"{time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {Word(level)} ";
}
