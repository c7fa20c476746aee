// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Penstock.Daemon.Tests;

/// <summary>A daemon's process and what it has logged.</summary>
internal sealed class RunningDaemon
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = [];
    private readonly Task _reading;

    public RunningDaemon(Process process)
    {
        _process = process;
        _reading = ReadLogAsync();
    }

    public int Pid => _process.Id;

    public string Log => string.Join('\n', _log);

    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", ["-s", name, Pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        kill.ExitCode.ShouldBe(0);
    }

    public async Task<int> WaitForExitAsync()
    {
        using var timeout = new CancellationTokenSource(Sandbox.Patience);
        await _process.WaitForExitAsync(timeout.Token);
        await _reading.WaitAsync(timeout.Token);
        return _process.ExitCode;
    }

    /// <summary>Waits until so many lines hold the text; fails at once when the process ends without.</summary>
    public async Task WaitForLogAsync(string text, int times = 1)
    {
        using var timeout = new CancellationTokenSource(Sandbox.Patience);
        while (Count(text) < times)
        {
            if (_reading.IsCompleted) Count(text).ShouldBeGreaterThanOrEqualTo(times, $"the daemon ended and had logged:\n{Log}");
            await Task.Delay(5, timeout.Token);
        }
    }

    public int Count(string text) => _log.Count(line => line.Contains(text, StringComparison.Ordinal));

    private async Task ReadLogAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line) _log.Enqueue(line);
    }
}
