// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Daemon.Tests;

/// <summary>Configurations that have run, and come back.</summary>
public sealed class HistoryTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public HistoryTests() => Write("first");

    private string State => Path.Combine(_sandbox.Directory, "lib");

    [Fact]
    public async Task History_ListsWhatHasRun_WithItsTextForTheOwnerAlone()
    {
        await _sandbox.StartAsync();
        (await ClientAsync("reload")).ExitCode.ShouldBe(0, "nothing is new, and nothing is listed twice");
        Write("second");
        (await ClientAsync("reload", "--why", "a new name")).ExitCode.ShouldBe(0);

        var report = JsonDocument.Parse((await ClientAsync("history", "-o", "json")).Output).RootElement;

        report.GetProperty("now").GetProperty("running").GetInt64().ShouldBe(2);
        report.GetProperty("entries").EnumerateArray().Select(entry => $"{entry.GetProperty("number")} {entry.GetProperty("cause")} {entry.GetProperty("why")} {entry.GetProperty("files")[0]}").ToArray()
            .ShouldBe([$"2 the admin API a new name {_sandbox.ConfigPath}", $"1 start  {_sandbox.ConfigPath}"]);
        (await ClientAsync("history")).Output.Split('\n')[1].ShouldContain(" yes ");
        var text = (await ClientAsync("history", "1")).Output;
        text.ShouldStartWith($"# {_sandbox.ConfigPath}, configuration 1 (");
        text.ShouldContain("\nnode: first\n");
        File.GetUnixFileMode(Path.Combine(State, "history", "00000001.json")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.GetUnixFileMode(Path.Combine(State, "history")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var (code, _, error) = await ClientAsync("history", "7");
        code.ShouldBe(1);
        error.ShouldContain("there is no configuration 7 in the history");
    }

    [Fact]
    public async Task Rollback_RunsWhatWasBefore_OverARestart_UntilTheFilesAreWanted()
    {
        var daemon = await _sandbox.StartAsync();
        Write("second");
        (await ClientAsync("reload")).ExitCode.ShouldBe(0);

        var (code, output, error) = await ClientAsync("rollback", "--why", "it fails");

        code.ShouldBe(0, error);
        output.ShouldStartWith("OK: generation 3 runs");
        (await NodeAsync()).ShouldBe("first");
        (await WarningsAsync()).ShouldContain(warning => warning.StartsWith("configuration 1 of the history runs, not what the files say, since 20", StringComparison.Ordinal) && warning.Contains("(it fails)", StringComparison.Ordinal));
        (await ClientAsync("diff")).ShouldBe((0, "~ node: first -> second\n1 key changes\n", "warning: configuration 1 of the history runs on over a reload: the files are as they were when it was brought back, and penstock reload --files applies them\n"));
        await daemon.SignalAsync("KILL");
        await daemon.WaitForExitAsync();

        daemon = await _sandbox.StartAsync();

        daemon.Log.ShouldContain("configuration 1 of the history runs, not what the files say");
        (await NodeAsync()).ShouldBe("first");
        (code, _, error) = await ClientAsync("reload");
        code.ShouldBe(0);
        error.ShouldBe("warning: configuration 1 of the history runs on: the files are as they were when it was brought back, and penstock reload --files applies them\n");
        (await NodeAsync()).ShouldBe("first");
        (await ClientAsync("reload", "--files")).ExitCode.ShouldBe(0);
        (await NodeAsync()).ShouldBe("second");
        (await WarningsAsync()).ShouldNotContain(warning => warning.Contains("history", StringComparison.Ordinal));
        File.Exists(Path.Combine(State, "return.json")).ShouldBeFalse();
    }

    [Fact]
    public async Task Rollback_ToWhatTheNextDaemonCannotPutInPlace_RunsTheFilesAndSaysSo()
    {
        var bind = Path.Combine(_sandbox.Directory, "http");
        _sandbox.Write($"state: {State}\nnode: first\nl7: {{listeners: [{{name: a, bind: \"unix:{bind}\", routes: r}}], routes: {{r: [{{respond: {{}}}}]}}}}\n");
        var daemon = await _sandbox.StartAsync();
        Write("second");
        (await ClientAsync("reload")).ExitCode.ShouldBe(0);
        (await ClientAsync("rollback")).ExitCode.ShouldBe(0);
        await daemon.SignalAsync("KILL");
        await daemon.WaitForExitAsync();
        File.Delete(bind);
        Directory.CreateDirectory(bind); // in the place of the socket

        await _sandbox.StartAsync();

        (await NodeAsync()).ShouldBe("second");
        (await WarningsAsync()).ShouldContain(warning => warning.StartsWith("configuration 1 of the history was to run and can't, so what the files say does: ", StringComparison.Ordinal));
        File.Exists(Path.Combine(State, "return.json")).ShouldBeFalse();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_WhoseOwnAdminSocketCannotBeMade_RunsTheOtherConfiguration(bool historyFirst)
    {
        var (taken, free) = (Path.Combine(_sandbox.Directory, "taken"), Path.Combine(_sandbox.Directory, "free.sock"));
        _sandbox.Write($"state: {State}\nnode: first\nadmin: {{socket: {(historyFirst ? taken : free)}}}\n");
        var daemon = await _sandbox.StartAsync(); // at a socket of the command line
        await daemon.SignalAsync("TERM");
        (await daemon.WaitForExitAsync()).ShouldBe(0);
        Directory.CreateDirectory(taken);
        _sandbox.Write($"state: {State}\nnode: second\nadmin: {{socket: {(historyFirst ? free : taken)}}}\n");
        await File.WriteAllTextAsync(Path.Combine(State, "return.json"), $"{{\"held\": {{\"number\": 1{(historyFirst ? "" : ", \"files_hash\": \"of others\"")}}}}}");

        daemon = _sandbox.LaunchBy($"set -- run --config '{_sandbox.ConfigPath}'; {Sandbox.Itself}");
        await daemon.WaitForLogAsync("ready:");

        var (code, output, error) = await Sandbox.CallAsync("status", "-o", "json", "--socket", free);
        code.ShouldBe(0, error);
        JsonDocument.Parse(output).RootElement.GetProperty("node").GetString().ShouldBe(historyFirst ? "second" : "first");
    }

    [Fact]
    public async Task Rollback_ThatCannotBeRecorded_IsRecordedByTheNextReload()
    {
        var daemon = await _sandbox.StartAsync();
        Write("second");
        (await ClientAsync("reload")).ExitCode.ShouldBe(0);
        var inTheWay = Path.Combine(State, "return.json.new");
        Directory.CreateDirectory(inTheWay);
        var (code, _, error) = await ClientAsync("rollback");
        code.ShouldBe(0, error);
        error.ShouldContain("a daemon that starts goes by another configuration than runs now: ");
        Directory.Delete(inTheWay);

        (code, _, error) = await ClientAsync("reload");

        code.ShouldBe(0, error);
        error.ShouldNotContain("a daemon that starts");
        await daemon.SignalAsync("KILL");
        await daemon.WaitForExitAsync();
        await _sandbox.StartAsync();
        (await NodeAsync()).ShouldBe("first");
    }

    [Fact]
    public async Task Rollback_ToWhatIsNotThere_IsRefused()
    {
        await _sandbox.StartAsync();
        var (code, output, error) = await ClientAsync("rollback");
        (code, output).ShouldBe((1, ""));
        error.ShouldBe("error: there is no configuration before the one that runs in the history\npenstock: rollback refused, generation 1 runs on\n");
        (await ClientAsync("rollback", "9")).Error.ShouldStartWith("error: there is no configuration 9 in the history\n");
    }

    [Fact]
    public async Task ReloadToBeConfirmed_ThatNobodyConfirms_ReturnsByItself()
    {
        var daemon = await _sandbox.StartAsync();
        Write("second");

        var (code, output, error) = await ClientAsync("reload", "--confirm", "1s");

        code.ShouldBe(0, error);
        output.ShouldContain("configuration 1 of the history comes back at 20");
        await daemon.WaitForLogAsync("not confirmed: generation 3 applied");
        (await NodeAsync()).ShouldBe("first");
        (await WarningsAsync()).ShouldContain(warning => warning.Contains("(not confirmed)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ReloadToBeConfirmed_InWhichTheDaemonIsKilled_ReturnsAllTheSame()
    {
        var daemon = await _sandbox.StartAsync();
        Write("second");
        (await ClientAsync("reload", "--confirm", "1s")).ExitCode.ShouldBe(0);
        await daemon.SignalAsync("KILL");
        await daemon.WaitForExitAsync();

        await _sandbox.StartAsync();

        using var timeout = new CancellationTokenSource(Sandbox.Patience);
        while (await NodeAsync() != "first")
            await Task.Delay(20, timeout.Token);
        (await ClientAsync("reload", "--confirmed")).Error.ShouldStartWith("error: no reload waits to be confirmed\n");
    }

    [Fact]
    public async Task ReloadToBeConfirmed_ThatIsConfirmed_Stays()
    {
        var daemon = await _sandbox.StartAsync();
        Write("second");
        (await ClientAsync("reload", "--confirm")).ExitCode.ShouldBe(0);
        (await WarningsAsync()).ShouldContain(warning => warning.StartsWith("what runs is not confirmed", StringComparison.Ordinal) && warning.Contains("configuration 1 of the history comes back", StringComparison.Ordinal));

        (await ClientAsync("reload", "--confirmed")).Output.ShouldStartWith("OK: generation 2 runs");

        (await WarningsAsync()).ShouldNotContain(warning => warning.Contains("confirmed", StringComparison.Ordinal));
        (await ClientAsync("history")).Output.Split('\n')[1].ShouldContain(" yes ");
        await daemon.SignalAsync("KILL");
        await daemon.WaitForExitAsync();
        await _sandbox.StartAsync();
        (await NodeAsync()).ShouldBe("second");
    }

    [Fact]
    public async Task ReloadToBeConfirmed_ThatIsRefused_WaitsForNothing()
    {
        await _sandbox.StartAsync();
        _sandbox.Write("nonsense: 1\n");
        (await ClientAsync("reload", "--confirm", "1h")).ExitCode.ShouldBe(1);
        (await WarningsAsync()).ShouldNotContain(warning => warning.Contains("confirmed", StringComparison.Ordinal));
        File.Exists(Path.Combine(State, "return.json")).ShouldBeFalse();
    }

    [Fact]
    public async Task ReloadToBeConfirmed_ThatCannotBeRecorded_ChangesNothing()
    {
        await _sandbox.StartAsync();
        Directory.CreateDirectory(Path.Combine(State, "return.json.new")); // in the place of the file
        Write("second");

        var (code, output, error) = await ClientAsync("reload", "--confirm");

        (code, output).ShouldBe((1, ""));
        error.ShouldContain("return.json can't be written");
        (await NodeAsync()).ShouldBe("first");
    }

    public void Dispose() => _sandbox.Dispose();

    private void Write(string node) => _sandbox.Write($"state: {State}\nnode: {node}\n");

    private Task<(int ExitCode, string Output, string Error)> ClientAsync(params string[] arguments) => Sandbox.CallAsync([.. arguments, "--socket", _sandbox.SocketPath]);

    private async Task<JsonElement> StatusAsync() => JsonDocument.Parse((await ClientAsync("status", "-o", "json")).Output).RootElement;

    private async Task<string?> NodeAsync() => (await StatusAsync()).GetProperty("node").GetString();

    private async Task<string[]> WarningsAsync() => [.. (await StatusAsync()).GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString() ?? "")];
}
