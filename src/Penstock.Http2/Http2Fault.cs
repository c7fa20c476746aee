// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2;

/// <summary>What a peer did wrong on an HTTP/2 connection. <see cref="Http2Faults"/> gives each its error code and its token.</summary>
internal enum Http2Fault : byte
{
    None,

    // Frames (RFC 9113 sections 4 and 6).
    PrefaceInvalid,
    FrameTooLarge,
    FrameSizeWrong,
    StreamIdMissing,
    StreamIdNotAllowed,
    PaddingTooLong,
    PushNotAllowed,
    SelfDependency,
    SettingsPushInvalid,
    SettingsWindowTooLarge,
    SettingsFrameSizeInvalid,
    SettingsConnectInvalid,
    WindowIncrementZero,
    WindowOverflow,
    WindowExceeded,

    // Streams (RFC 9113 section 5).
    StreamIdEven,
    StreamIdReused,
    StreamIdle,
    StreamClosed,
    StreamRefused,
    TrailersWithoutEnd,

    // Field blocks.
    ContinuationExpected,
    ContinuationUnexpected,
    FieldBlockInvalid,
    MessageMalformed,

    // More of something than anybody needs.
    FieldBlockTooLarge,
    ContinuationFlood,
    ResetFlood,
    ControlFlood,
    EmptyFrameFlood,
    WindowUpdateFlood,
    ClosedStreamFlood,
    ControlQueueFull,
    SlowStream,
    SlowStreamFlood,
}
