// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.L7.Errors;
using Penstock.L7.Grpc;
using Penstock.L7.Http1;
using Penstock.L7.Transport;

namespace Penstock.L7.Forwarding;

/// <content>What is different for calls of gRPC: their clients want to be told of errors by a status of gRPC, behind the response or in place of it.</content>
internal sealed partial class Exchange
{
    private GrpcStatus? _grpcStatus;

    /// <summary>Whether an endpoint was asked in vain, since the client gave it no time to answer: as if the client had reset its stream.</summary>
    internal bool IsGivenUp => _error == ProxyError.GrpcTimeout && _pool is not null && _upstreamTicks == 0;

    /// <summary>Whether the request is a call, of gRPC or translated to it. What asks for a tunnel is none, whatever its Content-Type: its errors must not have status 200.</summary>
    private bool IsGrpc => IsWeb || (_client.IsMultiplexed && !AsksForTunnel && GrpcFields.IsCall(Request));

    /// <summary>The line that says what happened.</summary>
    private ReadOnlySpan<byte> GrpcMessage() => ErrorText().AsSpan().TrimEnd((byte)'\n');

    /// <summary>Notes what the client has been told of its call, by a response that is whole.</summary>
    private void NoteStatus(TrailerSection? trailers)
    {
        if (IsGrpc)
            _grpcStatus = (trailers is null ? null : GrpcFields.Status(trailers)) ?? GrpcFields.Status(Response);
    }

    /// <summary>Ends the response to a call that broke off with a status, unless it is no response of gRPC, its stream is broken, too, its length was told, or the status would be in the middle of a message.</summary>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask EndGrpcAsync()
    {
        var status = StatusOf(_error);
        if (status == 0 || !GrpcFields.IsCall(Response) || Response.Status != 200 || !IsLengthUntold || _client.IsBroken || _clientWriter.HasFailed || (_isWebResponse && !_webBounds.IsBetween))
            return;
        var told = GrpcStatuses.Of(_error, status);
        WriteResponseEnd(chunked: Request.Version == 11, GrpcFields.Trailers(told, GrpcMessage()));
        if (!(await _clientWriter.FlushAsync()).IsCompleted)
            _grpcStatus = told;
    }
}
