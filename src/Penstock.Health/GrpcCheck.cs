// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Http2.Hpack;
using Penstock.Model;

namespace Penstock.Health;

/// <summary>Passes when grpc.health.v1.Health/Check says SERVING (gRPC: doc/health-checking.md).</summary>
internal sealed class GrpcCheck(HealthTarget target, CheckTls? tls = null) : IHealthCheck
{
    private const string Path = "/grpc.health.v1.Health/Check";

    public async Task<string?> RunAsync(SocketEndpoint endpoint, CancellationToken cancel)
    {
        var fields = Http2Exchange.Fields(target, endpoint, "POST"u8, Path);
        fields.Add("te"u8, "trailers"u8, HpackIndexing.None);
        fields.Add("content-type"u8, "application/grpc"u8, HpackIndexing.None);
        fields.Add("grpc-timeout"u8, Encoding.ASCII.GetBytes($"{(long)Math.Ceiling(target.Check.Timeout.TotalMilliseconds)}m"), HpackIndexing.None);
        var answer = new Http2Answer(isHeadEnough: false);
        return await Http2Exchange.RunAsync(target, tls, endpoint, fields, HealthMessages.Request(target.Check.Service), answer, cancel) ?? Judge(answer);
    }

    private static string? Judge(Http2Answer answer)
    {
        if (answer.Status != 200)
            return $"status {answer.Status}, expected 200";
        if (!answer.IsGrpc)
            return "the response is not gRPC";
        if (answer.GrpcStatus is not { } status)
            return "the response has no grpc-status";
        if (status != "0")
            return answer.GrpcMessage.Length == 0 ? $"grpc-status {status}" : $"grpc-status {status}: {answer.GrpcMessage}";
        return HealthMessages.ReadStatus(answer.Content) switch
        {
            HealthMessages.Serving => null,
            0 => "UNKNOWN, expected SERVING",
            2 => "NOT_SERVING, expected SERVING",
            3 => "SERVICE_UNKNOWN, expected SERVING",
            { } other => $"health status {other}, expected SERVING",
            null => "the response is no HealthCheckResponse",
        };
    }
}
