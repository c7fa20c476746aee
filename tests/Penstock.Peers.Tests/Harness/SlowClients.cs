// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Peers.Tests.Harness;

/// <summary>Clients that hold connections and hardly use them, in four kinds of equal number.</summary>
internal sealed class SlowClients : IAsyncDisposable
{
    private const int ReceiveBufferBytes = 4 << 10;
    private readonly List<RawClient> _headers = [];
    private readonly List<RawClient> _bodies = [];
    private readonly List<RawClient> _reads = [];
    private readonly List<RawClient> _idle = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _dripping = Task.CompletedTask;

    private IEnumerable<RawClient> All => _headers.Concat(_bodies).Concat(_reads).Concat(_idle);

    /// <summary>Opens them.</summary>
    /// <param name="port">Port of 127.0.0.1 that serves / at once and a long body at /big.</param>
    /// <param name="count">Number, over all kinds.</param>
    public static async Task<SlowClients> OpenAsync(int port, int count)
    {
        var clients = new SlowClients();
        for (var number = 0; number < count / 4; number++)
        {
            clients._headers.Add(await OpenAsync(port, "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "));
            clients._bodies.Add(await OpenAsync(port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx"));
            clients._reads.Add(await OpenAsync(port, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n"));
            clients._idle.Add(await OpenAsync(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
            await clients._idle[^1].ReadResponseAsync();
        }

        clients._dripping = clients.DripAsync();
        return clients;
    }

    /// <summary>Asks once more on each idle connection.</summary>
    /// <returns>How many were answered 200.</returns>
    public async Task<int> CountServedIdleAsync()
    {
        var served = 0;
        foreach (var client in _idle)
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            served += (await client.ReadResponseAsync()).Status == 200 ? 1 : 0;
        }

        return served;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _dripping;
        foreach (var client in All)
        {
            client.Dispose();
        }

        _stop.Dispose();
    }

    private static async Task<RawClient> OpenAsync(int port, string start)
    {
        var client = await RawClient.ConnectAsync(port, ReceiveBufferBytes);
        await client.SendAsync(start);
        return client;
    }

    /// <summary>A few bytes a second each, for as long as the test runs.</summary>
    private async Task DripAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(2));
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                foreach (var client in _headers.Concat(_bodies))
                {
                    await client.SendAsync("xxxx");
                }

                foreach (var client in _reads)
                {
                    await client.Reader.SkipAsync(16);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }
}
