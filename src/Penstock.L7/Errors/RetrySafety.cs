// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Errors;

/// <summary>Whether a request that failed may be sent again (RFC 9110 section 9.2.2). It says what is safe; whether to do so is the forwarder's policy.</summary>
internal enum RetrySafety
{
    /// <summary>It would fail alike, or part of an answer may have reached the client.</summary>
    Never,

    /// <summary>An endpoint may have acted on it: only an idempotent request whose body can be replayed.</summary>
    Idempotent,

    /// <summary>No byte of it reached an endpoint: any request whose body has not been consumed.</summary>
    Always,
}
