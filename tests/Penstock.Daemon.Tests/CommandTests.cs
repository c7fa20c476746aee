// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Daemon.Tests;

public sealed class CommandTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    [Fact]
    public async Task Version_AsJson_NamesTheVersion()
    {
        var (code, output, _) = await _sandbox.RunAsync("version", "-o", "json");
        code.ShouldBe(0);
        JsonDocument.Parse(output).RootElement.GetProperty("version").GetString().ShouldNotBeNullOrEmpty();
    }

    [Theory]
    [InlineData("did you mean 'status'?", "statsu")]
    [InlineData("did you mean '--config'?", "check", "--confg", "x")]
    [InlineData("unknown command 'frobnicate' (see", "frobnicate")]
    [InlineData("see penstock --help")]
    public async Task CommandLine_NotUnderstood_GivesOneLineAndCode2(string expected, params string[] arguments)
    {
        var (code, output, error) = await _sandbox.RunAsync(arguments);
        code.ShouldBe(2);
        output.ShouldBeEmpty();
        error.TrimEnd('\n').ShouldNotContain('\n');
        error.ShouldContain(expected);
    }

    [Theory]
    [InlineData("--count takes a whole number of 1 or more, not 'x'", "capture", "--write", "/dev/null", "--count", "x")]
    [InlineData("--snap-length takes a whole number from 14 to 4096, not '99999'", "capture", "--write", "/dev/null", "--snap-length", "99999")]
    [InlineData("--duration takes a duration such as 500ms", "capture", "--write", "/dev/null", "--duration", "1e400")]
    [InlineData("--duration takes a duration such as 500ms", "capture", "--write", "/dev/null", "--duration", "99999999999")]
    [InlineData("--duration takes a duration such as 500ms", "capture", "--write", "/dev/null", "--duration", "0s")]
    [InlineData("--rate takes a duration such as 500ms", "status", "--rate", "abc")]
    [InlineData("--count takes a whole number of 1 or more, not '0'", "top", "--count", "0")]
    [InlineData("--gue-port takes a whole number from 0 to 65535, not 'x'", "decap", "--interface", "lo", "--gue-port", "x")]
    [InlineData("--pins takes a value that is not empty (see penstock decap --help)", "decap", "--interface", "lo", "--pins", "")]
    [InlineData("--socket takes a value that is not empty (see penstock run --help)", "run", "-s", "")]
    [InlineData("--socket takes a value that is not empty", "status", "-s", "")]
    [InlineData("--socket takes a value that is not empty", "reload", "-s", "")]
    [InlineData("--socket takes a value that is not empty (see penstock explain packet --help)", "explain", "packet", "--src", "192.0.2.1:1", "--dst", "192.0.2.2:2", "-s", "")]
    [InlineData("--config takes a value that is not empty", "check", "-c", "")]
    [InlineData("--timeout takes a duration such as 500ms, 10s or 5m (a plain number is seconds), above 0 and at most 24h, not 'soon'", "drain", "--node", "--timeout", "soon")]
    [InlineData("one of --node, --service, --backend, --cluster, --endpoint is required: it names what is taken (see penstock drain --help)", "drain")]
    [InlineData("one of --node, --service, --backend, --cluster, --endpoint is required: it names what is taken (see penstock ready --help)", "ready")]
    [InlineData("one of --node, --service, --backend, --cluster, --endpoint is required: it names what is taken (see penstock maintenance --help)", "maintenance", "--why", "disk")]
    [InlineData("--node and --service can't be given together: a command is for one of them", "drain", "--service", "web", "--node")]
    [InlineData("--timeout goes with --node alone", "drain", "--service", "web", "--timeout", "5s")]
    [InlineData("--no-wait goes with --node alone", "maintenance", "--cluster", "mesh", "--no-wait")]
    [InlineData("--why takes a line of at most 200 characters", "drain", "--service", "web", "--why", "a\nb")]
    [InlineData("--header takes NAME:VALUE, not 'cookie' (see penstock explain request --help)", "explain", "request", "GET", "/", "-H", "cookie")]
    [InlineData("--confirm and --confirmed can't be given together", "reload", "--confirm", "5m", "--confirmed")]
    [InlineData("--files and --confirmed can't be given together", "reload", "--files", "--confirmed")]
    [InlineData("--confirm takes a duration such as 500ms", "reload", "--confirm", "soon")]
    [InlineData("--output takes text or json, not 'jsno': did you mean 'json'? (see penstock history --help)", "history", "-o", "jsno")]
    [InlineData("--output takes text or json, not 'yaml' (see penstock diff --help)", "diff", "-o", "yaml")]
    [InlineData("--output takes text or json, not '1' (see penstock diff --help)", "diff", "-o", "1")]
    [InlineData("--log-level takes trace, debug, information, warning, error, critical or none, not 'warn': did you mean 'warning'? (see penstock run --help)", "run", "--log-level", "warn")]
    [InlineData("NUMBER is that of a configuration in the history, not 'x' (see penstock rollback --help)", "rollback", "x")]
    [InlineData("NUMBER is that of a configuration in the history, not '' (see penstock rollback --help)", "rollback", "")]
    [InlineData("Option '--src' is required (see penstock explain packet --help)", "explain", "packet")]
    public async Task Value_ThatTheOptionDoesNotTake_GivesOneLineAndCode2(string expected, params string[] arguments)
    {
        var (code, output, error) = await Sandbox.CallAsync(arguments);
        (code, output).ShouldBe((2, ""), error);
        error.ShouldStartWith("penstock: " + expected);
        error.TrimEnd('\n').ShouldNotContain('\n');
    }

    [Theory]
    [InlineData("5")]
    [InlineData("1s")]
    [InlineData("2m")]
    public async Task Duration_OfACapture_IsWrittenAsInTheConfigurationOrAsSeconds(string duration)
    {
        var (code, _, error) = await _sandbox.RunAsync("capture", "--write", "/dev/null", "--duration", duration, "--pins", _sandbox.Directory);
        code.ShouldBe(1);
        error.ShouldStartWith("penstock: capture: ");
    }

    [Theory]
    [InlineData(2, "--client takes a network without host bits, not '198.51.100.7/24': did you mean 198.51.100.0/24?", "--client", "198.51.100.7/24")]
    [InlineData(2, "not '2001:db8::7/33': did you mean 2001:db8::/33?", "--client", "2001:db8::7/33")]
    [InlineData(2, "not '198.51.100.7/33'\n", "--client", "198.51.100.7/33")]
    [InlineData(2, "--service web: no configuration file was read that has a service of this name: give --config, or what it listens on", "--service", "web")]
    [InlineData(1, "penstock: capture: nothing is ", "--service", "tcp://203.0.113.10:80")]
    public async Task Capture_OfWhatIsNotThere_SaysWhatItTakes(int exitCode, string message, string option, string value)
    {
        var (code, _, error) = await _sandbox.RunAsync("capture", "--write", "/dev/null", option, value, "--pins", _sandbox.Directory);
        (code, error).ShouldSatisfyAllConditions(() => code.ShouldBe(exitCode), () => error.ShouldContain(message));
    }

    [Fact]
    public async Task Detach_OfWhatIsNotPenstocks_IsRefusedAndTouchesNothing()
    {
        var file = _sandbox.ConfigPath;
        var program = Path.Combine(_sandbox.Directory, "program"); // as the pinned one is called
        await File.WriteAllTextAsync(program, "");
        var maps = Directory.CreateDirectory(Path.Combine(_sandbox.Directory, "maps-v1")).FullName;
        var empty = Directory.CreateDirectory(Path.Combine(_sandbox.Directory, "empty")).FullName;

        (await _sandbox.RunAsync("detach", "--pins", _sandbox.Directory)).ShouldBe((1, "", $"penstock: detach {_sandbox.Directory}: nothing there is penstock's\n"));
        (await _sandbox.RunAsync("detach", "--pins", file)).ShouldBe((1, "", $"penstock: detach {file}: {file} is a file: pins take a folder\n"));
        (await _sandbox.RunAsync("detach", "--pins", empty)).ShouldBe((0, $"nothing is attached from {empty}\n", ""));
        var (code, output, _) = await _sandbox.RunAsync("detach", "--pins", empty, "-o", "json");
        code.ShouldBe(0);
        var report = JsonDocument.Parse(output).RootElement;
        report.GetProperty("pins").GetString().ShouldBe(empty);
        report.GetProperty("interfaces").GetArrayLength().ShouldBe(0);
        (await _sandbox.RunAsync("capture", "--write", "/dev/null", "--pins", file)).ShouldBe((1, "", $"penstock: capture: {file} is a file: pins take a folder\n"));

        File.Exists(program).ShouldBeTrue();
        Directory.Exists(maps).ShouldBeTrue();
        Directory.Exists(empty).ShouldBeTrue();
    }

    [Theory]
    [InlineData("run")]
    [InlineData("check")]
    [InlineData("diff")]
    [InlineData("reload")]
    [InlineData("history")]
    [InlineData("rollback")]
    [InlineData("status")]
    [InlineData("top")]
    [InlineData("drain")]
    [InlineData("ready")]
    [InlineData("maintenance")]
    [InlineData("detach")]
    [InlineData("explain packet")]
    [InlineData("explain request")]
    [InlineData("capture")]
    [InlineData("decap")]
    [InlineData("schema")]
    [InlineData("version")]
    public async Task Help_OfEveryCommand_EndsWithAnExample(string command)
    {
        var (code, output, _) = await Sandbox.CallAsync([.. command.Split(' '), "--help"]);
        code.ShouldBe(0);
        (await Sandbox.CallAsync([.. command.Split(' '), "-h"])).Output.ShouldBe(output);
        output.ShouldContain($"Example:\n  penstock {command}");
        output.ShouldContain("Exit codes:");
    }

    [Fact]
    public async Task Check_GoodConfiguration_PrintsWhatIsInIt()
    {
        var (code, output, error) = await _sandbox.RunAsync("check", "--config", _sandbox.ConfigPath);
        (code, output, error).ShouldBe((0, "OK: 0 listeners, 0 routes, 0 clusters\n", ""));
    }

    [Fact]
    public async Task Check_AsJson_TellsWhereListsAreOfWhatIsMade()
    {
        _sandbox.Write("node: test\nbird: {run: /run/elsewhere/bird}\nl4: {engine: ipvs, ipvs: {state: /run/elsewhere/services}}\n");
        var (code, output, error) = await _sandbox.RunAsync("check", "--config", _sandbox.ConfigPath, "-o", "json");
        code.ShouldBe(0, error);
        var report = JsonDocument.Parse(output).RootElement;
        report.GetProperty("ipvs_state").GetString().ShouldBe("/run/elsewhere/services");
        report.GetProperty("bird_run").GetString().ShouldBe("/run/elsewhere/bird");
    }

    [Fact]
    public async Task Check_BadConfiguration_PrintsEveryErrorAndCode1()
    {
        _sandbox.Write("node: test\nnonsense: 1\n");
        var (code, output, error) = await _sandbox.RunAsync("check", "--config", _sandbox.ConfigPath);
        code.ShouldBe(1);
        output.ShouldBeEmpty();
        error.ShouldContain(_sandbox.ConfigPath + ":");
        error.ShouldEndWith("penstock: 1 error\n");
    }

    [Fact]
    public async Task Check_BadConfigurationAsJson_NamesFileAndLine()
    {
        _sandbox.Write("nonsense: 1\n");
        var (code, output, _) = await _sandbox.RunAsync("check", "--config", _sandbox.ConfigPath, "-o", "json");
        code.ShouldBe(1);
        var report = JsonDocument.Parse(output).RootElement;
        report.GetProperty("ok").GetBoolean().ShouldBeFalse();
        var diagnostic = report.GetProperty("diagnostics")[0];
        diagnostic.GetProperty("severity").GetString().ShouldBe("error");
        diagnostic.GetProperty("file").GetString().ShouldBe(_sandbox.ConfigPath);
        diagnostic.GetProperty("line").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task Schema_IsJson()
    {
        var (code, output, _) = await _sandbox.RunAsync("schema");
        code.ShouldBe(0);
        JsonDocument.Parse(output).RootElement.ValueKind.ShouldBe(JsonValueKind.Object);
    }

    [Theory]
    [InlineData("check", "--config", "penstock.yaml")]
    [InlineData("schema")]
    [InlineData("version")]
    [InlineData("--help")]
    public async Task Output_DiskIsFull_SaysSoWithCode1(params string[] arguments)
    {
        arguments = Array.ConvertAll(arguments, argument => argument.EndsWith(".yaml", StringComparison.Ordinal) ? _sandbox.ConfigPath : argument);
        var (code, _, error) = await _sandbox.RunByAsync(Sandbox.Itself + " >/dev/full", arguments);
        (code, error).ShouldBe((1, "penstock: writing the output: No space left on device\n"));
        (code, _, _) = await _sandbox.RunByAsync(Sandbox.Itself + " >/dev/full 2>&1", arguments);
        code.ShouldBe(1);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("top")]
    [InlineData("diff")]
    [InlineData("reload")]
    [InlineData("reload --confirm")]
    [InlineData("history")]
    [InlineData("rollback 3")]
    [InlineData("explain request GET http://shop.example.com/")]
    [InlineData("drain --node")]
    [InlineData("ready --node")]
    [InlineData("maintenance --node")]
    [InlineData("drain --service web")]
    [InlineData("ready --endpoint mesh/10.0.0.1:80")]
    [InlineData("maintenance --backend web/10.0.0.1")]
    public async Task Client_WithoutDaemon_SaysSoWithCode3(string command)
    {
        var (code, _, error) = await Sandbox.CallAsync([.. command.Split(' '), "--socket", _sandbox.SocketPath]);
        code.ShouldBe(3);
        error.ShouldBe($"penstock: no daemon answers at {_sandbox.SocketPath}: there is no such socket: is the daemon running?\n");
    }

    [Fact]
    public async Task Client_SocketOfADeadDaemon_SaysSoWithCode3()
    {
        var daemon = await _sandbox.StartAsync();
        await daemon.SignalAsync("KILL");
        await daemon.WaitForExitAsync();
        var (code, _, error) = await _sandbox.RunAsync("status", "--socket", _sandbox.SocketPath);
        code.ShouldBe(3);
        error.ShouldContain("nothing listens there");
    }

    public void Dispose() => _sandbox.Dispose();
}
