// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Penstock.Peers.Tests.Harness;

/// <summary>A program started by a test: its output is kept for the failure message, and it never outlives the test.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int OutputLimit = 64 << 10;
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    /// <summary>Starts a program.</summary>
    public ChildProcess(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its process id.</summary>
    public int Pid => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>What it has written to standard output and error so far, the first 64 KiB of it.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Resident memory, bytes; 0 once it has ended.</summary>
    public long RssBytes => MemoryBytes("VmRSS:");

    /// <summary>The most resident memory it has had so far, bytes; 0 once it has ended.</summary>
    public long PeakRssBytes => MemoryBytes("VmHWM:");

    /// <summary>Descriptors it has open.</summary>
    public int OpenFiles => Directory.GetFileSystemEntries($"/proc/{Pid}/fd").Length;

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Exit code and output.</returns>
    public static async Task<(int ExitCode, string Output)> RunAsync(string program, params string[] arguments)
    {
        await using var child = new ChildProcess(program, arguments);
        var code = await child.WaitAsync(TimeSpan.FromSeconds(120));
        return (code, child.Output);
    }

    /// <summary>Sends a signal, by number.</summary>
    public void Signal(int number) => Kill(Pid, number).ShouldBe(0);

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    /// <exception cref="TimeoutException">It runs on; the message holds its output.</exception>
    public async Task<int> WaitAsync(TimeSpan timeout)
    {
        using var deadline = new CancellationTokenSource(timeout);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException error)
        {
            throw new TimeoutException($"{_process.StartInfo.FileName} runs after {timeout.TotalSeconds} s:\n{Output}", error);
        }

        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);

    private long MemoryBytes(string field)
    {
        try
        {
            return File.ReadLines($"/proc/{Pid}/status").Where(line => line.StartsWith(field, StringComparison.Ordinal))
                .Select(line => long.Parse(line.AsSpan(6, line.Length - 9)) * 1024).SingleOrDefault();
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            if (line is not null && _output.Length < OutputLimit)
            {
                _output.AppendLine(line);
            }
        }
    }
}
