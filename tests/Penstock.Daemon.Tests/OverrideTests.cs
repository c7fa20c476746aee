// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Daemon.Tests;

/// <summary>Clusters and endpoints that an operator takes out, and back in.</summary>
public sealed class OverrideTests : IDisposable
{
    private const string Clusters = "{mesh: {endpoints: [\"10.0.0.1:80\", \"10.0.0.2:80\"]}, other: {endpoints: [\"10.0.1.1:80\"]}}";

    private readonly Sandbox _sandbox = new();

    public OverrideTests() => Write(Clusters);

    private string Record => Path.Combine(_sandbox.Directory, "lib", "overrides.json");

    [Fact]
    public async Task Override_IsShown_AndOutlivesReloadAndCrash_UntilItIsReady()
    {
        var daemon = await _sandbox.StartAsync();
        var (code, output, error) = await ClientAsync("drain", "--endpoint", "mesh/10.0.0.2", "--why", "a new disk");
        code.ShouldBe(0, error);
        output.ShouldStartWith("OK: endpoint mesh/10.0.0.2:80 is in drain by ");
        output.ShouldEndWith("Z: a new disk\n");
        (await StatesAsync()).ShouldBe(["ready", "drain", "ready"]);
        (await ClientAsync("reload")).ExitCode.ShouldBe(0);
        await daemon.SignalAsync("KILL");
        await daemon.WaitForExitAsync();

        daemon = await _sandbox.StartAsync();

        daemon.Log.ShouldContain("endpoint mesh/10.0.0.2:80 is in drain by ");
        (await StatesAsync()).ShouldBe(["ready", "drain", "ready"]);
        var one = (await StatusAsync()).GetProperty("overrides").EnumerateArray().ShouldHaveSingleItem();
        (one.GetProperty("kind").GetString(), one.GetProperty("target").GetString(), one.GetProperty("state").GetString(), one.GetProperty("configured").GetString(), one.GetProperty("why").GetString())
            .ShouldBe(("endpoint", "mesh/10.0.0.2:80", "drain", "ready", "a new disk"));
        (await ClientAsync("status")).Output.ShouldContain("OVERRIDE  OF ");
        (code, output, error) = await ClientAsync("ready", "--endpoint", "mesh/10.0.0.2:80");
        (code, output).ShouldBe((0, "OK: endpoint mesh/10.0.0.2:80 is as configured: ready\n"), error);
        (await StatesAsync()).ShouldBe(["ready", "ready", "ready"]);
        (await StatusAsync()).GetProperty("overrides").GetArrayLength().ShouldBe(0);
        (await ClientAsync("status")).Output.ShouldNotContain("OVERRIDE");
    }

    [Fact]
    public async Task Override_OfAnEndpoint_GoesBeforeThatOfItsCluster()
    {
        await _sandbox.StartAsync();
        var (code, output, error) = await ClientAsync("maintenance", "--cluster", "mesh");
        (code, error).ShouldBe((0, "warning: no endpoint of cluster mesh is left that can serve: its requests get 503\n"));
        output.ShouldStartWith("OK: cluster mesh is in maintenance by ");
        (await ClientAsync("ready", "--endpoint", "mesh/10.0.0.1:80")).Output.ShouldStartWith("OK: endpoint mesh/10.0.0.1:80 is in ready by ");
        (await StatesAsync()).ShouldBe(["ready", "maintenance", "ready"]);

        (await ClientAsync("ready", "--endpoint", "mesh/10.0.0.1:80", "--as-configured")).Output.ShouldBe("OK: endpoint mesh/10.0.0.1:80 is as its cluster: maintenance\n");
        (await StatesAsync()).ShouldBe(["maintenance", "maintenance", "ready"]);
        (await ClientAsync("ready", "--cluster", "mesh")).Output.ShouldBe("OK: cluster mesh is as configured\n");
        (await StatesAsync()).ShouldBe(["ready", "ready", "ready"]);
    }

    [Theory]
    [InlineData("no cluster is called 'msh': did you mean 'mesh'?", "--cluster", "msh")]
    [InlineData("cluster mesh has no endpoint 10.0.0.3:80: did you mean '10.0.0.1:80'?", "--endpoint", "mesh/10.0.0.3:80")]
    [InlineData("--endpoint takes CLUSTER/ADDRESS, not 'mesh'", "--endpoint", "mesh")]
    [InlineData("there is no service", "--service", "web")]
    public async Task Override_OfWhatIsNotThere_IsRefusedWithASuggestion(string message, params string[] arguments)
    {
        await _sandbox.StartAsync();
        (await ClientAsync(["drain", .. arguments])).ShouldBe((1, "", $"penstock: {message}\n"));
        File.Exists(Record).ShouldBeFalse();
    }

    [Fact]
    public async Task Override_ThatCannotBeRecorded_ChangesNothing()
    {
        await _sandbox.StartAsync();
        Directory.CreateDirectory(Record + ".new"); // in the place of the file

        var (code, output, error) = await ClientAsync("drain", "--cluster", "mesh");

        (code, output).ShouldBe((1, ""));
        error.ShouldContain("nothing has changed: ");
        error.ShouldContain("overrides.json can't be written");
        (await StatesAsync()).ShouldBe(["ready", "ready", "ready"]);
    }

    [Fact]
    public async Task Override_OfWhatIsNoMore_IsKeptAndWarnedOf_UntilItIsEnded()
    {
        await _sandbox.StartAsync();
        (await ClientAsync("drain", "--cluster", "other")).ExitCode.ShouldBe(0);
        Write("{mesh: {endpoints: [\"10.0.0.1:80\"]}}");
        (await ClientAsync("reload")).ExitCode.ShouldBe(0);
        const string Warning = "the override of cluster other (drain) is of nothing there is now: penstock ready --cluster other ends it";
        (await WarningsAsync()).ShouldContain(Warning);
        Write(Clusters);
        (await ClientAsync("reload")).ExitCode.ShouldBe(0);
        (await StatesAsync()).ShouldBe(["ready", "ready", "drain"], "it is back, and the override with it");
        Write("{mesh: {endpoints: [\"10.0.0.1:80\"]}}");
        (await ClientAsync("reload")).ExitCode.ShouldBe(0);

        (await ClientAsync("ready", "--cluster", "other")).ExitCode.ShouldBe(0);

        (await WarningsAsync()).ShouldNotContain(Warning);
    }

    [Fact]
    public async Task Overrides_OfAFileThatIsDamaged_AreWarnedOf_AndTheFileIsKept()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Record)!);
        await File.WriteAllTextAsync(Record, "[{\"kind\": \"clu");

        var daemon = await _sandbox.StartAsync();

        daemon.Log.ShouldContain("overrides.json can't be read");
        (await WarningsAsync()).ShouldContain(warning => warning.StartsWith("what operators have drained", StringComparison.Ordinal));
        (await ClientAsync("drain", "--cluster", "mesh")).ExitCode.ShouldBe(0);
        (await File.ReadAllTextAsync(Record + ".damaged")).ShouldBe("[{\"kind\": \"clu");
        (await StatesAsync()).ShouldBe(["drain", "drain", "ready"]);
    }

    public void Dispose() => _sandbox.Dispose();

    private void Write(string clusters) => _sandbox.Write($$$"""
        node: test
        state: {{{_sandbox.Directory}}}/lib
        l7:
          reactors: 1
          clusters: {{{clusters}}}

        """);

    private Task<(int ExitCode, string Output, string Error)> ClientAsync(params string[] arguments) => Sandbox.CallAsync([.. arguments, "--socket", _sandbox.SocketPath]);

    private async Task<JsonElement> StatusAsync() => JsonDocument.Parse((await ClientAsync("status", "-o", "json")).Output).RootElement;

    private async Task<string[]> WarningsAsync() => [.. (await StatusAsync()).GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString() ?? "")];

    private async Task<string[]> StatesAsync() =>
        [.. (await StatusAsync()).GetProperty("clusters").EnumerateArray().SelectMany(cluster => cluster.GetProperty("endpoints").EnumerateArray()).Select(endpoint => endpoint.GetProperty("state").GetString() ?? "")];
}
