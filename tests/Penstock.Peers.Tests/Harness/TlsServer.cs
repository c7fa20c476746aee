// SPDX-License-Identifier: Apache-2.0
using Penstock.Tests;

namespace Penstock.Peers.Tests.Harness;

/// <summary>A real <c>openssl s_server</c> with a certificate of its own.</summary>
internal sealed class TlsServer : IAsyncDisposable
{
    private readonly Workplace _workplace;
    private readonly ChildProcess _child;

    private TlsServer(Workplace workplace, int port)
    {
        _workplace = workplace;
        Endpoint = $"127.0.0.1:{port}";
        _child = new ChildProcess(Programs.Find("openssl")!, "s_server", "-accept", Endpoint, "-cert", $"{workplace.Path}/cert", "-key", $"{workplace.Path}/key", "-quiet", "-www"); // PeerFact has seen to openssl being there
    }

    /// <summary>Its address as penstock's configuration writes it.</summary>
    public string Endpoint { get; }

    /// <summary>Starts one.</summary>
    /// <param name="name">The subject of its certificate.</param>
    public static async Task<TlsServer> StartAsync(string name)
    {
        var workplace = new Workplace();
        var (exitCode, output) = await ChildProcess.RunAsync(
            Programs.Find("openssl")!, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", $"/CN={name}", // As above.
            "-keyout", $"{workplace.Path}/key", "-out", $"{workplace.Path}/cert");
        exitCode.ShouldBe(0, output);
        var port = FreePort.Next();
        var server = new TlsServer(workplace, port);
        await PeerReady.WaitAsync(server._child, port);
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _child.DisposeAsync();
        _workplace.Dispose();
    }
}
