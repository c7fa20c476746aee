// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text.Json;

namespace Penstock.Daemon.Tests;

/// <summary>What becomes of state on a disk that is full: what was there stays, whoever asked is told, and it goes on when there is room.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const string Full = "No space left on device";

    private readonly Sandbox _sandbox = new();

    public FullDiskTests() => Write("first");

    private string State => Path.Combine(_sandbox.Directory, "lib");

    [RootFact]
    public async Task Override_ForWhichThereIsNoRoom_ChangesNothing()
    {
        var disk = await StartAsync();
        (await ClientAsync("drain", "--endpoint", "mesh/10.0.0.1:80")).ExitCode.ShouldBe(0);
        var record = Path.Combine(disk, "overrides.json");
        var before = await File.ReadAllTextAsync(record);
        var filling = Fill(disk);

        var (code, output, error) = await ClientAsync("drain", "--endpoint", "mesh/10.0.0.2:80");

        (code, output).ShouldBe((1, ""));
        error.ShouldContain("nothing has changed: ");
        error.ShouldContain($"overrides.json can't be written: {Full}");
        (await File.ReadAllTextAsync(record)).ShouldBe(before);
        File.Exists(record + ".new").ShouldBeFalse();
        (await StatusAsync()).GetProperty("overrides").GetArrayLength().ShouldBe(1);

        File.Delete(filling);
        (await ClientAsync("drain", "--endpoint", "mesh/10.0.0.2:80")).ExitCode.ShouldBe(0);
        (await StatusAsync()).GetProperty("overrides").GetArrayLength().ShouldBe(2);
    }

    [RootFact]
    public async Task History_ForWhichThereIsNoRoom_IsWarnedOf_AndNothingIsToBeConfirmed()
    {
        var disk = await StartAsync();
        var (first, second) = (Path.Combine(disk, "history", "00000001.json"), Path.Combine(disk, "history", "00000002.json"));
        await UntilAsync(() => Task.FromResult(File.Exists(first)));
        var before = await File.ReadAllTextAsync(first);
        var filling = Fill(disk);
        Write("second");

        var (code, output, error) = await ClientAsync("reload", "--confirm", "5m");

        (code, output).ShouldBe((1, ""));
        error.ShouldContain($"return.json can't be written: {Full}");
        (await StatusAsync()).GetProperty("node").GetString().ShouldBe("first");

        (await ClientAsync("reload")).ExitCode.ShouldBe(0);
        await UntilAsync(async () => (await StatusAsync()).GetProperty("warnings").EnumerateArray().Any(warning => IsOfHistory(warning.GetString() ?? "")));
        (await File.ReadAllTextAsync(first)).ShouldBe(before);
        Directory.GetFiles(Path.Combine(disk, "history")).ShouldBe([first]);

        File.Delete(filling);
        (await ClientAsync("reload")).ExitCode.ShouldBe(0);
        await UntilAsync(() => Task.FromResult(File.Exists(second)));
    }

    public void Dispose() => _sandbox.Dispose();

    private static bool IsOfHistory(string warning) => warning.StartsWith("what runs is not in the history: ", StringComparison.Ordinal) && warning.Contains(Full, StringComparison.Ordinal);

    /// <summary>Takes all room there is; what is given back is the file to delete.</summary>
    private static string Fill(string disk)
    {
        var path = Path.Combine(disk, "filling");
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        var page = new byte[4096];
        Should.Throw<IOException>(() =>
        {
            for (var i = 0; i < 1000; i++)
                file.Write(page);
        });
        return path;
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = new CancellationTokenSource(Sandbox.Patience);
        while (!await isSo())
            await Task.Delay(20, patience.Token);
    }

    /// <summary>Starts the daemon with a small disk for its state, which it alone sees; returns where others find it.</summary>
    private async Task<string> StartAsync()
    {
        Directory.CreateDirectory(State);
        var daemon = _sandbox.LaunchBy($"exec unshare --mount sh -c 'mount -t tmpfs -o size=64k small {State} && {Sandbox.Itself}' \"$0\" \"$@\"");
        await daemon.WaitForLogAsync("ready:");
        return string.Create(CultureInfo.InvariantCulture, $"/proc/{daemon.Pid}/root{State}");
    }

    private void Write(string node) =>
        _sandbox.Write($"node: {node}\nstate: {State}\nl7: {{reactors: 1, clusters: {{mesh: {{endpoints: [\"10.0.0.1:80\", \"10.0.0.2:80\", \"10.0.0.3:80\"]}}}}}}\n");

    private Task<(int ExitCode, string Output, string Error)> ClientAsync(params string[] arguments) => Sandbox.CallAsync([.. arguments, "--socket", _sandbox.SocketPath]);

    private async Task<JsonElement> StatusAsync() => JsonDocument.Parse((await ClientAsync("status", "-o", "json")).Output).RootElement;
}
