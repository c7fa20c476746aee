// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Grpc;

/// <summary>How a call ended; the numbers are those of grpc-status (gRPC: doc/statuscodes.md).</summary>
internal enum GrpcStatus
{
    Ok,
    Cancelled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}
