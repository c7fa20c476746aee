// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Penstock.Daemon.Commands;

namespace Penstock.Daemon.Admin;

/// <summary>Asks a running daemon over its admin socket.</summary>
internal sealed class AdminClient : IDisposable
{
    // A reload resolves names and binds sockets; the daemon bounds each of these well below this.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _path;
    private readonly HttpClient _http;

    /// <summary>A client of the daemon at this socket.</summary>
    public AdminClient(string path)
    {
        _path = path;
        var handler = new SocketsHttpHandler { ConnectCallback = ConnectAsync, UseProxy = false };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://penstock/"), Timeout = Patience };
    }

    /// <summary>GETs a resource.</summary>
    /// <exception cref="CommandException">No daemon answers, or not with what was asked for.</exception>
    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type) => SendAsync(HttpMethod.Get, path, type);

    /// <summary>POSTs to a resource; 422 is an answer like 200.</summary>
    /// <exception cref="CommandException">No daemon answers, or not with what was asked for.</exception>
    public Task<T> PostAsync<T>(string path, JsonTypeInfo<T> type) => SendAsync(HttpMethod.Post, path, type);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string Advice(SocketError error) => error switch
    {
        SocketError.AccessDenied => "permission denied: run as root or as a member of the daemon's group",
        SocketError.AddressNotAvailable => "there is no such socket: is the daemon running?",
        SocketError.ConnectionRefused => "nothing listens there: is the daemon running?",
        _ => new SocketException((int)error).Message,
    };

    private async Task<T> SendAsync<T>(HttpMethod method, string path, JsonTypeInfo<T> type)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path);
            using var response = await _http.SendAsync(request);
            if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.UnprocessableEntity))
            {
                var text = await response.Content.ReadAsStringAsync();
                throw new CommandException(ExitCode.Failed, $"the daemon at {_path} answered {(int)response.StatusCode}: {text.Trim()}");
            }

            await using var body = await response.Content.ReadAsStreamAsync();
            return await JsonSerializer.DeserializeAsync(body, type)
                ?? throw new CommandException(ExitCode.Failed, $"the daemon at {_path} answered with nothing");
        }
        catch (HttpRequestException exception)
        {
            var reason = exception.InnerException is SocketException socket ? Advice(socket.SocketErrorCode) : exception.Message;
            throw new CommandException(ExitCode.Unreachable, $"no daemon answers at {_path}: {reason}");
        }
        catch (TaskCanceledException)
        {
            throw new CommandException(ExitCode.Unreachable, $"no daemon answers at {_path} within {Patience.TotalSeconds:0} s");
        }
        catch (JsonException exception)
        {
            throw new CommandException(ExitCode.Failed, $"the daemon at {_path} answered with something else than expected: {exception.Message}");
        }
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
