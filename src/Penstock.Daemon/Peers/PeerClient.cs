// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Penstock.Model.Peers;

namespace Penstock.Daemon.Peers;

/// <summary>Asks one peer.</summary>
internal sealed class PeerClient : IDisposable
{
    /// <summary>Most bytes of a digest: 20,000 entries with long names take half of it.</summary>
    private const int DigestBytes = 8 << 20;

    private const int HeadKilobytes = 8;

    // After so long a certificate is looked at again, which may have ended or have been replaced.
    private static readonly TimeSpan s_connectionLife = TimeSpan.FromMinutes(1);

    private readonly PeerHostConfig _peer;
    private readonly PeerTls _tls;
    private readonly string _query;
    private readonly TimeSpan _timeout;
    private readonly HttpClient _http;

    /// <summary>A client that has not connected yet.</summary>
    /// <param name="peer">Whom it asks.</param>
    /// <param name="tls">By which it makes sure of it.</param>
    /// <param name="key">Key of digests, in hex.</param>
    /// <param name="timeout">Time for each question.</param>
    public PeerClient(PeerHostConfig peer, PeerTls tls, string key, TimeSpan timeout)
    {
        (_peer, _tls, _query, _timeout) = (peer, tls, $"?{PeerPaths.Key}{key}", timeout);
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = ConnectAsync,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            MaxConnectionsPerServer = 1,
            MaxResponseHeadersLength = HeadKilobytes,
            PooledConnectionLifetime = s_connectionLife,
        };

        // TLS is the stream's matter, so to the HTTP layer it is plain.
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://peer/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Asks how it is.</summary>
    /// <exception cref="PeerFaultException">It does not say.</exception>
    public async Task<PeerReport> AskAsync(CancellationToken cancellation)
    {
        var answer = await GetAsync(PeerPaths.Report, PeerReport.MostBytes, PeerJson.Default.PeerReport, cancellation);
        if (answer.Trouble() is { } trouble)
            throw new PeerFaultException(PeerFaultKind.Answer, $"its report is refused: {trouble}");
        var report = answer.Plain();
        return string.Equals(report.Node, _peer.Name, StringComparison.OrdinalIgnoreCase)
            ? report
            : throw new PeerFaultException(PeerFaultKind.WrongNode, $"it calls itself {report.Node}");
    }

    /// <summary>Asks for the hashes of its configuration.</summary>
    /// <exception cref="PeerFaultException">It does not give them.</exception>
    public async Task<ConfigDigest> DigestAsync(CancellationToken cancellation)
    {
        var digest = await GetAsync(PeerPaths.Digest, DigestBytes, PeerJson.Default.ConfigDigest, cancellation);
        return digest.Trouble() is { } trouble ? throw new PeerFaultException(PeerFaultKind.Answer, $"its digest is refused: {trouble}") : digest;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<T> GetAsync<T>(string path, int most, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_timeout);
        try
        {
            using var response = await _http.GetAsync(path + _query, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (response.StatusCode != HttpStatusCode.OK)
                throw new PeerFaultException(PeerFaultKind.Answer, $"it answers {(int)response.StatusCode}");
            await response.Content.LoadIntoBufferAsync(most, limit.Token);
            return JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(limit.Token), type)
                ?? throw new PeerFaultException(PeerFaultKind.Answer, "it answers with nothing");
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new PeerFaultException(PeerFaultKind.Timeout, $"no answer within {_timeout.TotalSeconds:0.###} s", error);
        }
        catch (JsonException error)
        {
            throw new PeerFaultException(PeerFaultKind.Answer, $"an answer that is not understood: {PeerReport.Plain(error.Message)}", error);
        }
        catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new PeerFaultException(PeerFaultKind.Answer, $"an answer of more than {most >> 10} KiB", error);
        }
        catch (HttpRequestException error)
        {
            throw Fault(error);
        }
    }

    private static PeerFaultException Fault(HttpRequestException error)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case PeerFaultException fault:
                    return fault;
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return new PeerFaultException(PeerFaultKind.Refused, "the connection is refused: nothing listens there", error);
                case SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown }:
                    return Closed(error);
                case SocketException socket:
                    return new PeerFaultException(PeerFaultKind.Unreachable, socket.Message, error);
            }
        }

        return error.InnerException is IOException or AuthenticationException || error.HttpRequestError == HttpRequestError.ResponseEnded
            ? Closed(error)
            : new PeerFaultException(PeerFaultKind.Answer, $"no answer that could be used: {PeerReport.Plain(error.Message)}", error);
    }

    private static PeerFaultException Closed(HttpRequestException error) =>
        new(PeerFaultKind.Closed, "it ends the connection: it may not believe this host's certificate, which its own log and status would say", error);

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var address = _peer.Address.Address!; // the configuration takes nothing else
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, _peer.Address.Port), cancellation);
            return await _tls.ConnectAsync(socket, _peer.Name, cancellation);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
