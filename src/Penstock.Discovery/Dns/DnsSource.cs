// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Discovery.Dns;

/// <summary>Every address of a name, asked for again when its TTL ends. A failure or an empty answer keeps the last good list.</summary>
internal sealed class DnsSource(string cluster, DnsDiscoveryConfig config, Action<ClusterEndpointsFound> found, TimeProvider time, ILogger logger) : IDiscoverySource
{
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public string Cluster => cluster;

    public void Start() => _loop = RunAsync(_stop.Token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            try
            {
                var addresses = await System.Net.Dns.GetHostAddressesAsync(config.Name, stop);
                found(new ClusterEndpointsFound(cluster, [.. addresses.OrderBy(a => a.ToString(), StringComparer.Ordinal).Select(a => new EndpointConfig(SocketEndpoint.Ip(a, config.Port)))]));
            }
            catch (System.Net.Sockets.SocketException e)
            {
                logger.LogWarning(e, "{Cluster}: {Name} does not resolve", cluster, config.Name);
            }

            await Task.Delay(config.MinInterval, time, stop);
        }
    }
}
