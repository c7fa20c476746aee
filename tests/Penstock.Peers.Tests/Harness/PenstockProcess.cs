// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;

namespace Penstock.Peers.Tests.Harness;

/// <summary>The daemon under test, running as a process of its own from a configuration in a temporary directory.</summary>
internal sealed class PenstockProcess : IAsyncDisposable
{
    private const int Sigterm = 15;
    private readonly Workplace _workplace = new();
    private readonly string _configPath;

    private PenstockProcess(ProxyConfig config)
    {
        Config = config;
        _configPath = _workplace.Write("penstock.yaml", config.ToYaml(_workplace.Path));
        Child = new ChildProcess(Programs.Penstock, "run", "--config", _configPath);
    }

    /// <summary>What it runs.</summary>
    public ProxyConfig Config { get; private set; }

    /// <summary>The process.</summary>
    public ChildProcess Child { get; }

    /// <summary>Port of its listener.</summary>
    public int Port => Config.Port;

    /// <summary>Starts it and waits until its metrics listener, the last thing to come up, answers.</summary>
    public static async Task<PenstockProcess> StartAsync(ProxyConfig config)
    {
        var penstock = new PenstockProcess(config);
        try
        {
            await Eventually.TrueAsync(
                () => penstock.IsUpAsync(), TimeSpan.FromSeconds(30), () => $"penstock is not up:\n{penstock.Child.Output}\n{config.ToYaml("DIR")}");
            return penstock;
        }
        catch
        {
            await penstock.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it in front of one origin.</summary>
    public static Task<PenstockProcess> StartAsync(RawOrigin origin) => StartAsync(ProxyConfig.For(origin));

    /// <summary>Writes another configuration and asks for it to be applied by <c>penstock reload</c>.</summary>
    /// <returns>Exit code and output of the command.</returns>
    public Task<(int ExitCode, string Output)> ReloadAsync(ProxyConfig config)
    {
        Config = config;
        return ReloadAsync(config.ToYaml(_workplace.Path));
    }

    /// <summary>Writes another configuration without telling the daemon.</summary>
    public void WriteConfig(ProxyConfig config)
    {
        Config = config;
        Replace(config.ToYaml(_workplace.Path));
    }

    /// <summary>Writes any text as the configuration and asks for it to be applied.</summary>
    public Task<(int ExitCode, string Output)> ReloadAsync(string yaml)
    {
        Replace(yaml);
        return ChildProcess.RunAsync(Programs.Penstock, "reload", "--socket", Path.Combine(_workplace.Path, "admin.sock"));
    }

    /// <summary>Its admin socket.</summary>
    public UnixDomainSocketEndPoint AdminAddress => new(Path.Combine(_workplace.Path, "admin.sock"));

    /// <summary>As <see cref="ReloadAsync(ProxyConfig)"/>, without a process: through the admin API.</summary>
    public async Task<WireMessage> ReloadByApiAsync(ProxyConfig config)
    {
        WriteConfig(config);
        using var client = await RawClient.ConnectAsync(AdminAddress);
        await client.SendAsync("POST /v1/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return await client.ReadResponseAsync();
    }

    /// <summary>The text of /metrics.</summary>
    public async Task<string> MetricsAsync() =>
        (await RawClient.AskAsync(Config.MetricsPort, "GET /metrics HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n")).Text;

    /// <summary>Waits until /metrics has a line: what is counted may be so after the answer that a test has read.</summary>
    public async Task AwaitMetricAsync(string line)
    {
        var metrics = "";
        await Eventually.TrueAsync(
            async () => (metrics = await MetricsAsync()).Contains(line, StringComparison.Ordinal), TimeSpan.FromSeconds(20), () => $"no {line} in\n{metrics}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!Child.HasExited)
        {
            Child.Signal(Sigterm);
            try
            {
                await Child.WaitAsync(TimeSpan.FromSeconds(20));
            }
            catch (TimeoutException)
            {
                // Killed below; tests of shutting down look for themselves.
            }
        }

        await Child.DisposeAsync();
        _workplace.Dispose();

        // Whatever a test asks of it, the daemon must not run into a defect of its own.
        Child.Output.Split('\n').ShouldNotContain(line => line.Contains("a bug of ours", StringComparison.Ordinal) || line.Contains("a defect of the proxy", StringComparison.Ordinal));
    }

    /// <summary>In one step, as an editor does: a reload never sees half a file.</summary>
    private void Replace(string yaml) => File.Move(_workplace.Write("next.yaml", yaml), _configPath, overwrite: true);

    private async Task<bool> IsUpAsync()
    {
        if (Child.HasExited)
        {
            throw new InvalidOperationException($"penstock ended:\n{Child.Output}\n{Config.ToYaml("DIR")}");
        }

        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await probe.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Config.MetricsPort));
            return Config.Bind?.StartsWith(':') == false || await AcceptsAsync(Config.Port);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<bool> AcceptsAsync(int port)
    {
        using var client = await RawClient.ConnectAsync(port);
        return true;
    }
}
