// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>Why bytes were not taken as HTTP. <see cref="RejectReasons"/> gives each its status and its token.</summary>
internal enum RejectReason : byte
{
    None,

    // Lines.
    BareLf,
    BareCr,
    Nul,
    ControlByte,
    EmptyLine,

    // Request line.
    RequestLineMalformed,
    RequestLineTooLong,
    MethodMalformed,
    VersionMalformed,
    VersionUnsupported,
    TargetMalformed,
    TargetFragment,
    TargetPercentEncoding,
    TargetFormNotAllowed,
    TargetSchemeUnsupported,
    TargetUserinfo,
    TargetAuthorityMalformed,

    // Field lines.
    HeadTooLarge,
    TooManyFields,
    FieldNameTooLong,
    FieldNameMalformed,
    FieldColonMissing,
    SpaceBeforeColon,
    ObsFold,

    // What the fields mean together.
    HostMissing,
    HostRepeated,
    HostMalformed,
    ContentLengthMalformed,
    ContentLengthOverflow,
    ContentLengthDuplicate,
    ContentLengthWithTransferEncoding,
    TransferEncodingUnsupported,
    TransferEncodingDuplicate,
    TransferEncodingInHttp10,
    ConnectionMalformed,
    ExpectationUnknown,
    TraceWithContent,

    // Responses.
    StatusLineMalformed,
    StatusOutOfRange,
    FramingNotAllowed,
    TooManyInterimResponses,

    // Chunked bodies.
    ChunkSizeMalformed,
    ChunkSizeOverflow,
    ChunkExtensionMalformed,
    ChunkOverhead,
    ChunkDataUnterminated,

    // HTTP/2.
    FieldNameUppercase,
    FieldValuePadded,
    FieldNotAllowed,
    TeNotAllowed,
    PseudoFieldUnknown,
    PseudoFieldRepeated,
    PseudoFieldLate,
    PseudoFieldMissing,
    AuthorityMismatch,
    ContentLengthMismatch,

    // gRPC-Web.
    GrpcWebTextMalformed,
}
