// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.Discovery.Tests.Kubernetes;

/// <summary>An API server in this process: lists in pages and watches of what a test puts there, answers as kube-apiserver writes them, and whatever fault a test wants.</summary>
internal sealed class FakeApiServer : IAsyncDisposable
{
    /// <summary>What a test hands to watches to have their connections reset.</summary>
    private const string CutNow = "cut";

    /// <summary>The same to have them end as their time is over.</summary>
    private const string EndNow = "end";

    private readonly TcpListener _listener;
    private readonly X509Certificate2? _certificate;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string> _objects = new(StringComparer.Ordinal);
    private readonly List<(string Kind, Channel<string> Events)> _watches = [];
    private readonly ConcurrentDictionary<Socket, byte> _sockets = new();
    private readonly ConcurrentBag<Task> _connections = new();
    private readonly Task _accepting;
    private readonly int _port;

    public FakeApiServer(X509Certificate2? certificate = null, int? port = null)
    {
        _certificate = certificate;
        _port = port ?? FreePort.Next();
        _listener = new TcpListener(IPAddress.Loopback, _port);
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Its address, by name where it speaks TLS.</summary>
    public Uri Address => new(_certificate is null ? $"http://127.0.0.1:{_port}" : $"https://localhost:{_port}");

    public int Port => _port;

    public KubernetesAccess Access => new(Address) { Token = "secret" };

    public ConcurrentQueue<ApiRequest> Requests { get; } = [];

    /// <summary>The resourceVersion of the last change.</summary>
    public int Version { get; private set; } = 100;

    /// <summary>Part of the paths that it has; others are answered 404.</summary>
    public string Has { get; set; } = "";

    /// <summary>Called with each request first; true: it has answered.</summary>
    public Func<ApiRequest, ApiReply, CancellationToken, Task<bool>> Fault { get; set; } = (_, _, _) => Task.FromResult(false);

    public int Lists(string kind = "endpointslices") => Requests.Count(request => !request.IsWatch && request.Kind == kind && !request.Query.ContainsKey("continue"));

    public int Watches
    {
        get
        {
            lock (_gate)
                return _watches.Count;
        }
    }

    /// <summary>Puts an object there, and tells watches.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="name">Its name.</param>
    /// <param name="json">The object, with VERSION in place of its resourceVersion.</param>
    public void Put(string kind, string name, string json)
    {
        lock (_gate)
        {
            var text = Stamp(json);
            var isNew = !_objects.ContainsKey($"{kind}/{name}");
            _objects[$"{kind}/{name}"] = text;
            Tell(kind, $$"""{"type":"{{(isNew ? "ADDED" : "MODIFIED")}}","object":{{text}}}""" + "\n");
        }
    }

    /// <summary>Removes an object, and tells watches.</summary>
    public void Delete(string kind, string name, string json)
    {
        lock (_gate)
        {
            _objects.Remove($"{kind}/{name}");
            Tell(kind, $$"""{"type":"DELETED","object":{{Stamp(json)}}}""" + "\n");
        }
    }

    /// <summary>Changes what there is without a word to those who watch.</summary>
    public void PutUntold(string kind, string name, string json)
    {
        lock (_gate)
            _objects[$"{kind}/{name}"] = Stamp(json);
    }

    /// <summary>Sends a text over every watch of a kind.</summary>
    public void Say(string kind, string text)
    {
        lock (_gate)
            Tell(kind, text);
    }

    /// <summary>Resets the connection of every watch of a kind.</summary>
    public void Cut(string kind) => Say(kind, CutNow);

    /// <summary>Ends every watch of a kind.</summary>
    public void End(string kind) => Say(kind, EndNow);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        foreach (var socket in _sockets.Keys)
            socket.Dispose();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    private string Stamp(string json) => json.Replace("VERSION", (++Version).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private void Tell(string kind, string text)
    {
        foreach (var (_, events) in _watches.Where(watch => watch.Kind == kind))
            events.Writer.TryWrite(text);
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                _sockets[socket] = 0;
                _connections.Add(Task.Run(() => ServeAsync(socket)));
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await using Stream stream = new NetworkStream(socket, ownsSocket: true);
            await using var served = _certificate is null ? stream : await SecureAsync(stream);
            while (await ReadHeadAsync(served) is { } head)
            {
                var request = ApiRequest.Parse(head);
                Requests.Enqueue(request);
                var reply = new ApiReply(served, () => socket.Close(timeout: 0));
                if (await Fault(request, reply, _stop.Token))
                    continue;
                if (!request.Path.Contains(Has, StringComparison.Ordinal))
                    await reply.SendAsync(404, """{"kind":"Status","apiVersion":"v1","status":"Failure","message":"the server could not find the requested resource","reason":"NotFound","code":404}""", _stop.Token);
                else if (request.IsWatch)
                    await WatchAsync(request, reply);
                else
                    await reply.SendAsync(200, Page(request), _stop.Token);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or SocketException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            // The client has gone, or the test is over.
        }
        finally
        {
            _sockets.TryRemove(socket, out _);
        }
    }

    private async Task<Stream> SecureAsync(Stream stream)
    {
        var secure = new SslStream(stream, leaveInnerStreamOpen: false);
        await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
        return secure;
    }

    private async Task<string?> ReadHeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one, _stop.Token) == 1)
        {
            head.Append((char)one[0]);
            if (one[0] == '\n' && head.Length >= 4 && head[^2] == '\r' && head[^3] == '\n')
                return head.ToString();
        }

        return null;
    }

    // A token for the next page is the number of objects before it.
    private string Page(ApiRequest request)
    {
        lock (_gate)
        {
            var all = _objects.Where(one => one.Key.StartsWith(request.Kind + "/", StringComparison.Ordinal)).Select(one => one.Value).ToArray();
            var from = request.Query.TryGetValue("continue", out var token) ? int.Parse(token, CultureInfo.InvariantCulture) : 0;
            var limit = request.Query.TryGetValue("limit", out var most) ? int.Parse(most, CultureInfo.InvariantCulture) : all.Length;
            var next = from + limit < all.Length ? (from + limit).ToString(CultureInfo.InvariantCulture) : "";
            var items = string.Join(',', all.Skip(from).Take(limit));
            return $$"""{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"{{Version}}","continue":"{{next}}"},"items":[{{items}}]}""";
        }
    }

    private async Task WatchAsync(ApiRequest request, ApiReply reply)
    {
        var events = Channel.CreateUnbounded<string>();
        lock (_gate)
            _watches.Add((request.Kind, events));
        try
        {
            await reply.BeginAsync(_stop.Token);
            await foreach (var text in events.Reader.ReadAllAsync(_stop.Token))
            {
                if (text == CutNow)
                {
                    reply.Cut();
                    return;
                }

                if (text == EndNow)
                {
                    await reply.EndAsync(_stop.Token);
                    return;
                }

                await reply.SendPieceAsync(text, _stop.Token);
            }
        }
        finally
        {
            lock (_gate)
                _watches.Remove((request.Kind, events));
        }
    }
}
