// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Penstock.Telemetry.AccessLogging;

/// <summary>
/// Where lines go: one path, kept open. Never waits. After an error it tries again once a second, with the path opened anew, and reports
/// the trouble once a minute. Used by one thread.
/// </summary>
internal sealed class LogSink(string path, TimeProvider time, ILogger logger, AccessLogMetrics metrics) : IDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMinutes(1);

    private LogDescriptor? _descriptor;
    private long? _failedAt;
    private long? _reportedAt;
    private string? _trouble;

    /// <summary>The path.</summary>
    public string Path => path;

    /// <summary>Why nothing can be written; null while it can, as far as was tried. Read by any thread.</summary>
    public string? Trouble => Volatile.Read(ref _trouble);

    /// <summary>Writes what the sink takes at once.</summary>
    /// <returns>Bytes written; 0: nothing now, ask again later.</returns>
    public int Write(ReadOnlySpan<byte> bytes)
    {
        if (_failedAt is { } failed && time.GetElapsedTime(failed) < RetryAfter)
            return 0;

        _descriptor ??= LogDescriptor.TryOpen(path, out var openError) is { } opened ? opened : Fail("open", openError);
        if (_descriptor is null)
            return 0;

        var written = _descriptor.Write(bytes, out var error);
        if (written < 0 && error != LogDescriptor.WouldBlock)
            Fail("write", error);

        if (written <= 0)
            return 0;

        if (_failedAt is not null)
            logger.LogInformation("access log {Path} can be written again", path);

        _failedAt = null;
        Volatile.Write(ref _trouble, null);
        return written;
    }

    /// <summary>Closes the path; the next write opens it anew.</summary>
    public void Dispose()
    {
        _descriptor?.Dispose();
        _descriptor = null;
        _failedAt = null;
    }

    private LogDescriptor? Fail(string what, int errno)
    {
        _descriptor?.Dispose();
        _descriptor = null;
        _failedAt = time.GetTimestamp();
        metrics.CountError();
        Volatile.Write(ref _trouble, $"{what} {path}: {Marshal.GetPInvokeErrorMessage(errno)}");
        if (_reportedAt is { } reported && time.GetElapsedTime(reported) < ReportEvery)
            return null;

        _reportedAt = _failedAt;
        logger.LogError("access log: {What} {Path}: {Error}; records that do not fit the buffers are dropped", what, path, Marshal.GetPInvokeErrorMessage(errno));
        return null;
    }
}
