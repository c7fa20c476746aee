// SPDX-License-Identifier: Apache-2.0
using Penstock.Tests;

namespace Penstock.Daemon.Tests.Peers;

/// <summary>What certificates are for monitoring only: a daemon runs without them.</summary>
public sealed class PeerFilesTests : IDisposable
{
    private readonly Sandbox _sandbox = new();
    private readonly TestAuthority _authority;

    public PeerFilesTests()
    {
        _authority = new TestAuthority(_sandbox.Directory);
        _sandbox.Write($$"""
            node: lb1
            peers:
              listen: 127.0.0.1:{{FreePort.Next()}}
              certificate: {{_sandbox.Directory}}/lb1.crt
              key: {{_sandbox.Directory}}/lb1.key
              ca: {{_authority.CaFile}}
              hosts: [{name: lb2, address: "127.0.0.2:9"}]
            """);
    }

    [Fact]
    public async Task Files_ThatAreMissing_AreAnErrorOfCheck_AndKeepNoDaemonFromRunning()
    {
        var (code, _, error) = await _sandbox.RunAsync("check", "--config", _sandbox.ConfigPath);
        code.ShouldBe(1);
        error.ShouldContain("error: peers.certificate: ");

        var daemon = await _sandbox.StartAsync();
        await daemon.WaitForLogAsync("no peer is asked or answered");
        (code, _, error) = await _sandbox.RunAsync("reload", "--socket", _sandbox.SocketPath);
        code.ShouldBe(0, error);
        (error + daemon.Log).ShouldContain("warning: peers.certificate: ");

        // They are tried again without being told of.
        _authority.Sign(["lb1"]);
        await daemon.WaitForLogAsync("peers can ask at");
    }

    public void Dispose()
    {
        _authority.Dispose();
        _sandbox.Dispose();
    }
}
