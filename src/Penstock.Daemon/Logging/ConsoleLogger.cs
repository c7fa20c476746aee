// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;

namespace Penstock.Daemon.Logging;

/// <summary>The logger of one category.</summary>
internal sealed class ConsoleLogger(ConsoleLoggerFactory factory, string category) : ILogger
{
    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => factory.IsEnabled(logLevel);

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) factory.Write(logLevel, category, formatter(state, exception), exception);
    }
}
