// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.Daemon.Commands;

namespace Penstock.Daemon.Tests;

/// <summary>A directory of its own with a configuration, and the processes started in it; all gone at the end.</summary>
internal sealed class Sandbox : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    /// <summary>The program with its arguments, in a line of shell.</summary>
    public const string Itself = "exec \"$0\" \"$@\"";

    private readonly List<Process> _processes = [];

    public Sandbox(string config = "node: test\n")
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("penstock-test-").FullName;
        Write(config);
    }

    public string Directory { get; }

    public string ConfigPath => Path.Combine(Directory, "penstock.yaml");

    public string SocketPath => Path.Combine(Directory, "admin.sock");

    /// <summary>Writes the configuration; what it keeps over restarts is in the directory, too, where it names no other place.</summary>
    public void Write(string config)
    {
        File.WriteAllText(ConfigPath + ".new", config.Contains("state:", StringComparison.Ordinal) ? config : $"{config.TrimEnd()}\nstate: {Directory}/lib\n");
        File.Move(ConfigPath + ".new", ConfigPath, overwrite: true);
    }

    /// <summary>Starts the daemon and waits until it says it is ready.</summary>
    public async Task<RunningDaemon> StartAsync(params (string Name, string Value)[] environment)
    {
        var daemon = Launch(environment);
        await daemon.WaitForLogAsync("ready:");
        return daemon;
    }

    /// <summary>Starts the daemon.</summary>
    public RunningDaemon Launch(params (string Name, string Value)[] environment) =>
        new(Start(["run", "--config", ConfigPath, "--socket", SocketPath], environment));

    /// <summary>Starts the daemon as a line of shell says, in which <see cref="Itself"/> stands for it.</summary>
    public RunningDaemon LaunchBy(string shell) =>
        new(Start(["run", "--config", ConfigPath, "--socket", SocketPath], [], shell));

    /// <summary>
    /// Runs a command to its end within this process: it does the same, and no runtime has to start for it. Not for one that looks at the terminal or at signals; that an exit code and the streams are the process's,
    /// tests of <see cref="RunAsync"/> show.
    /// </summary>
    public static async Task<(int ExitCode, string Output, string Error)> CallAsync(params string[] arguments)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, output, error).WaitAsync(Patience);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command to its end.</summary>
    public Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments) => RunByAsync(Itself, arguments);

    /// <summary>Runs a command to its end as a line of shell says, in which <see cref="Itself"/> stands for it.</summary>
    public async Task<(int ExitCode, string Output, string Error)> RunByAsync(string shell, params string[] arguments)
    {
        using var process = Start(arguments, [], shell);
        using var timeout = new CancellationTokenSource(Patience);
        var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        var error = process.StandardError.ReadToEndAsync(timeout.Token);
        await process.WaitForExitAsync(timeout.Token);
        return (process.ExitCode, await output, await error);
    }

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            try
            {
                process.Kill();
                process.WaitForExit(Patience);
            }
            catch (InvalidOperationException)
            {
                // It has ended, or was disposed by the one that ran it.
            }

            process.Dispose();
        }

        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private Process Start(string[] arguments, (string Name, string Value)[] environment, string shell = Itself)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", shell, Path.Combine(AppContext.BaseDirectory, "penstock"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("NOTIFY_SOCKET");
        start.Environment.Remove("JOURNAL_STREAM");
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var process = Process.Start(start).ShouldNotBeNull();
        _processes.Add(process);
        return process;
    }
}
