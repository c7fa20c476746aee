// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.L7.Grpc;
using Penstock.L7.Http1;
using Penstock.L7.Transport;

namespace Penstock.L7.Forwarding;

/// <content>What is different for calls of gRPC: their clients want to be told of errors by a status of gRPC, behind the response or in place of it.</content>
internal sealed partial class Exchange
{
    private GrpcStatus? _grpcStatus;

    /// <summary>Whether the request is a call.</summary>
    private bool IsGrpc => _client.IsMultiplexed && Request.TryGet(KnownHeader.ContentType, out var type) && GrpcFields.IsContentType(type);

    /// <summary>The line that says what happened.</summary>
    private ReadOnlySpan<byte> GrpcMessage() => ErrorText().AsSpan().TrimEnd((byte)'\n');

    /// <summary>Writes what ends a response that is whole, and notes what it tells of a call.</summary>
    private void EndResponse(bool chunked, TrailerSection? trailers)
    {
        _client.WriteEnd(chunked, trailers);
        if (IsGrpc)
            _grpcStatus = (trailers is null ? null : GrpcFields.Status(trailers)) ?? GrpcFields.Status(Response);
    }

    /// <summary>Ends the response to a call that broke off with a status, unless its stream is broken, too, or its length was told.</summary>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask EndGrpcAsync()
    {
        var status = StatusOf(_error);
        if (status == 0 || Response.Status != 200 || !IsLengthUntold || _client.IsBroken || _clientWriter.HasFailed)
            return;
        var told = GrpcStatuses.Of(_error, status);
        _client.WriteEnd(chunked: false, GrpcFields.Trailers(told, GrpcMessage()));
        if (!(await _clientWriter.FlushAsync()).IsCompleted)
            _grpcStatus = told;
    }
}
