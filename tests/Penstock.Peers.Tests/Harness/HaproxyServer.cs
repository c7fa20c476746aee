// SPDX-License-Identifier: Apache-2.0
using Penstock.Tests;

namespace Penstock.Peers.Tests.Harness;

/// <summary>A real haproxy in one process, without privileges.</summary>
internal sealed class HaproxyServer : IAsyncDisposable
{
    private readonly Workplace _workplace;

    private HaproxyServer(Workplace workplace, int port, string path)
    {
        _workplace = workplace;
        Port = port;
        Child = new ChildProcess(Programs.Find("haproxy")!, "-db", "-f", path); // PeerFact has seen to haproxy being there
    }

    /// <summary>The process.</summary>
    public ChildProcess Child { get; }

    /// <summary>Port it listens on, at 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Its address as penstock's configuration writes it.</summary>
    public string Endpoint => $"127.0.0.1:{Port}";

    /// <summary>A reverse proxy in front of a port.</summary>
    /// <param name="upstream">The port.</param>
    /// <param name="options">Further options of the server.</param>
    /// <param name="bindOptions">Options of its own listener.</param>
    public static Task<HaproxyServer> FrontAsync(int upstream, string options = "", string bindOptions = "") =>
        StartAsync($"option forwardfor\n  http-reuse always\n  server up 127.0.0.1:{upstream} {options}", bindOptions);

    /// <summary>A relay of connections in front of a port.</summary>
    /// <param name="upstream">The port.</param>
    /// <param name="options">Further options of the server.</param>
    public static Task<HaproxyServer> RelayAsync(int upstream, string options = "") =>
        StartAsync($"mode tcp\n  server up 127.0.0.1:{upstream} {options}");

    /// <summary>An origin that awaits a PROXY header and answers with the client it names: address, a space and the port.</summary>
    public static Task<HaproxyServer> NamingOriginAsync() =>
        StartAsync("http-request return status 200 content-type text/plain lf-string \"%[src] %[src_port]\"", "accept-proxy");

    /// <summary>An origin that answers with a text.</summary>
    /// <param name="text">The text, a format of haproxy's logs.</param>
    /// <param name="bindOptions">Options of its listener.</param>
    public static Task<HaproxyServer> OriginAsync(string text, string bindOptions = "") =>
        StartAsync($"http-request return status 200 content-type text/plain lf-string \"{text}\"", bindOptions);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Child.DisposeAsync();
        _workplace.Dispose();
    }

    private static async Task<HaproxyServer> StartAsync(string rules, string bindOptions = "")
    {
        var workplace = new Workplace();
        var port = FreePort.Next();
        var path = workplace.Write("haproxy.cfg", $"""
            global
              maxconn 4000
            defaults
              mode http
              timeout connect 5s
              timeout client 60s
              timeout server 60s
            listen main
              bind 127.0.0.1:{port} {bindOptions}
              {rules}

            """);
        var haproxy = new HaproxyServer(workplace, port, path);
        await PeerReady.WaitAsync(haproxy.Child, port);
        return haproxy;
    }
}
