// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vm.Tests.Harness;

/// <summary>The virtual machine of a run: started once, and given one script after the other.</summary>
public sealed class Guest : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(6);

    private readonly string _share = Directory.CreateTempSubdirectory("pst-vm-").FullName;
    private ChildProcess? _machine;
    private int _scripts;

    /// <summary>The repository.</summary>
    internal static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Starts it and lays out its network.</summary>
    public async Task InitializeAsync()
    {
        if (VmFactAttribute.Missing is not null)
            return;
        _machine = new ChildProcess(Path.Combine(Root, "tests/Vm/run"), "-t", "2100", "-m", "ip_vs dummy veth bridge ipip ip6_tunnel fou fou6", "-s", _share, Path.Combine(Root, "tests/Vm/serve"));
        await RunAsync("lab up");
    }

    /// <summary>Ends it.</summary>
    public async Task DisposeAsync()
    {
        if (_machine is not null)
        {
            Write("quit", "");
            await Task.WhenAny(_machine.WaitAsync(TimeSpan.FromSeconds(30))); // One that hangs is killed.
            await _machine.DisposeAsync();
        }

        Directory.Delete(_share, recursive: true);
    }

    /// <summary>Puts a file where the machine has it as <c>/vm/share/NAME</c>.</summary>
    internal void Write(string name, string text) => File.WriteAllText(Path.Combine(_share, name), text);

    /// <summary>Runs a script that has to succeed; <c>lab</c> and <c>penstock</c> are on its path.</summary>
    /// <returns>What it wrote.</returns>
    internal async Task<string> RunAsync(string script)
    {
        var machine = _machine ?? throw new InvalidOperationException("no machine");
        var number = ++_scripts;
        var lab = Path.Combine(Root, "tests/Penstock.Vm.Tests/lab");
        Write($"{number}.new", $"set -euo pipefail\nexport PATH={lab}:{Path.GetDirectoryName(Programs.Penstock)}:$PATH\n{script}\n");
        File.Move(Path.Combine(_share, $"{number}.new"), Path.Combine(_share, $"{number}.run"));
        var started = TimeProvider.System.GetTimestamp();
        var code = Path.Combine(_share, $"{number}.code");
        while (!File.Exists(code))
        {
            if (machine.HasExited || TimeProvider.System.GetElapsedTime(started) > s_patience)
                throw new TimeoutException($"the machine {(machine.HasExited ? "ended" : "is not done")} within script {number}:\n{script}\n{Output(number)}\n{machine.Output}\nconsole:\n{Read("console")}");
            await Task.Delay(20);
        }

        File.ReadAllText(code).Trim().ShouldBe("0", $"{script}\n{Output(number)}\nconsole:\n{Read("console")}");
        return Output(number);
    }

    private string Output(int number) => Read($"{number}.out");

    private string Read(string name) => File.Exists(Path.Combine(_share, name)) ? File.ReadAllText(Path.Combine(_share, name)) : "";

    private static string FindRoot(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Appliance.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"no Appliance.sln above {start}");
    }
}
