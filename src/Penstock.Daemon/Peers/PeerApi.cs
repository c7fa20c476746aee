// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Penstock.Telemetry.Http;

namespace Penstock.Daemon.Peers;

/// <summary>Answers what peers ask. Nothing that they can ask changes anything.</summary>
/// <param name="config">The running configuration; null: there is none.</param>
/// <param name="report">Makes the report, given the root of the digest.</param>
internal sealed class PeerApi(Func<SharedConfig?> config, Func<string, PeerReport> report)
{
    private static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdef");

    /// <summary>Answers one request.</summary>
    public ValueTask<ControlHttpResponse> HandleAsync(ControlHttpRequest request, CancellationToken cancellation) => ValueTask.FromResult(Answer(request));

    private ControlHttpResponse Answer(ControlHttpRequest request)
    {
        if (request.Path is not (PeerPaths.Report or PeerPaths.Digest))
            return ControlHttpResponse.Text(404, $"no such resource: {request.Path}");
        if (request.Method is not "GET")
            return ControlHttpResponse.Text(405, $"{request.Path} takes GET", "GET");
        var key = request.Query.StartsWith(PeerPaths.Key, StringComparison.Ordinal) ? request.Query[PeerPaths.Key.Length..] : "";
        if (key.Length != ConfigDigest.KeyBytes * 2 || key.AsSpan().ContainsAnyExcept(s_hex))
            return ControlHttpResponse.Text(400, $"{request.Path} takes {PeerPaths.Key} and {ConfigDigest.KeyBytes} bytes in lower-case hex");
        if (config() is not { } shared)
            return ControlHttpResponse.Text(503, "nothing runs yet");
        if (shared.TryDigest(key) is not { } digest)
            return ControlHttpResponse.Text(429, "too many keys");
        return request.Path is PeerPaths.Report ? Json(report(digest.Root), PeerJson.Default.PeerReport) : Json(digest, PeerJson.Default.ConfigDigest);
    }

    private static ControlHttpResponse Json<T>(T value, JsonTypeInfo<T> type) => new(200, "application/json", JsonSerializer.SerializeToUtf8Bytes(value, type));
}
