// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Penstock.Linux;

namespace Penstock.Vrrp.Tests.Supervision;

/// <summary>A process with the arguments of keepalived or BIRD, for tests of what is told by those: its dynamic linker waits for a FIFO, so that the program itself never begins.</summary>
internal sealed class StandIn : IDisposable
{
    public const uint OtherUser = 4711;

    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-standin-").FullName;
    private readonly Fifo _fifo;
    private readonly ProcessHandle _process;

    /// <summary>Starts one.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="way">A program and its arguments by which it is started, such as setpriv.</param>
    public StandIn(IReadOnlyList<string> arguments, params string[] way)
    {
        File.SetUnixFileMode(_folder, File.GetUnixFileMode(_folder) | UnixFileMode.OtherExecute);
        var path = Path.Combine(_folder, "fifo");
        _fifo = Fifo.Open(path);
        File.SetUnixFileMode(path, Everybody);
        using var output = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write);
        string[] words = [.. way, "/usr/bin/env", "LD_PRELOAD=" + path, "/bin/true", .. arguments];
        _process = ProcessHandle.TryOpen(DetachedProcess.Start(words[0], words[1..], (int)output.DangerousGetHandle())).ShouldNotBeNull();
        var line = Encoding.UTF8.GetBytes($"/bin/true\0{string.Join('\0', arguments)}\0");
        for (var since = Stopwatch.StartNew(); !File.ReadAllBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/{Pid}/cmdline")).AsSpan().SequenceEqual(line);)
        {
            HasEnded.ShouldBeFalse("it could not be started");
            since.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20));
            Thread.Sleep(5);
        }
    }

    public static string[] AsOtherUser { get; } = ["/usr/bin/setpriv", $"--reuid={OtherUser}", $"--regid={OtherUser}", "--clear-groups"];

    public static string[] InOtherNetwork { get; } = ["/usr/bin/unshare", "--net"];

    public int Pid => _process.Pid;

    public bool HasEnded => _process.HasEnded;

    public void Dispose()
    {
        _ = _process.Signal(ProcessSignal.Kill);
        _ = _process.WaitForEnd(TimeSpan.FromSeconds(20));
        _process.Dispose();
        _fifo.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
