// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Daemon.Tests;

public sealed class DiffTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    [Fact]
    public async Task Diff_SaysWhatAReloadWouldChange_AndChangesNothing()
    {
        await _sandbox.StartAsync();
        (await DiffAsync()).ShouldBe((0, "no key changes\n", ""));
        _sandbox.Write("node: second\nshutdown_timeout: 5s\nmetrics: {bind: \"127.0.0.1:0\"}\n");

        (await DiffAsync()).ShouldBe((0, "+ metrics\n+ metrics.bind: 127.0.0.1:0\n~ node: test -> second\n~ shutdown_timeout: 30s -> 5s\n4 keys change\n", ""));
        var report = JsonDocument.Parse((await DiffAsync("-o", "json")).Output).RootElement;
        report.GetProperty("ok").GetBoolean().ShouldBeTrue();
        report.GetProperty("changes").EnumerateArray().Select(change => $"{change.GetProperty("kind")} {change.GetProperty("path")} {change.GetProperty("before")} {change.GetProperty("after")}").ToArray()
            .ShouldBe(["added metrics  ", "added metrics.bind  127.0.0.1:0", "changed node test second", "changed shutdown_timeout 30s 5s"]);
        JsonDocument.Parse((await Sandbox.CallAsync("status", "-o", "json", "--socket", _sandbox.SocketPath)).Output).RootElement.GetProperty("node").GetString().ShouldBe("test");
    }

    [Fact]
    public async Task Diff_OfFilesWithErrors_NamesThemWithCode1()
    {
        await _sandbox.StartAsync();
        _sandbox.Write("node: second\nnonsense: 1\n");

        var (code, output, error) = await DiffAsync();

        (code, output).ShouldBe((1, ""));
        error.ShouldContain("penstock.yaml:2:");
        error.ShouldEndWith("penstock: what the files say would be refused\n");
    }

    /// <summary>A reload is not refused then.</summary>
    [Fact]
    public async Task Diff_OfFilesWithErrors_InWhosePlaceTheHistoryRuns_SaysSo()
    {
        var daemon = await _sandbox.StartAsync();
        _sandbox.Write("node: second\n");
        (await Sandbox.CallAsync("reload", "--confirm", "5m", "--socket", _sandbox.SocketPath)).ExitCode.ShouldBe(0);
        await daemon.SignalAsync("KILL");
        await daemon.WaitForExitAsync();
        _sandbox.Write("node: second\nnonsense: 1\n");
        await _sandbox.StartAsync();

        var (code, output, error) = await DiffAsync();

        (code, output).ShouldBe((1, ""));
        error.ShouldContain("penstock.yaml:2:");
        error.ShouldEndWith("\nwarning: configuration 1 of the history runs on over a reload: the files are as they were when it was brought back\npenstock: what the files say would be refused\n");
        (await Sandbox.CallAsync("reload", "--socket", _sandbox.SocketPath)).ExitCode.ShouldBe(0);
    }

    public void Dispose() => _sandbox.Dispose();

    private Task<(int ExitCode, string Output, string Error)> DiffAsync(params string[] arguments) => Sandbox.CallAsync(["diff", .. arguments, "--socket", _sandbox.SocketPath]);
}
