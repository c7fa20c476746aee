// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2;

/// <summary>What a fault looks like from outside.</summary>
internal static class Http2Faults
{
    private static readonly string[] s_tokens = Array.ConvertAll(
        Enum.GetNames<Http2Fault>(),
        static name => string.Concat(name.Select(static (c, i) => i > 0 && char.IsAsciiLetterUpper(c) ? "_" + char.ToLowerInvariant(c) : char.ToLowerInvariant(c).ToString())));

    /// <summary>The code that RST_STREAM or GOAWAY says (RFC 9113 section 7).</summary>
    internal static Http2ErrorCode Code(this Http2Fault fault) => fault switch
    {
        Http2Fault.None => Http2ErrorCode.NoError,
        Http2Fault.FrameTooLarge or Http2Fault.FrameSizeWrong => Http2ErrorCode.FrameSizeError,
        Http2Fault.SettingsWindowTooLarge or Http2Fault.WindowOverflow or Http2Fault.WindowExceeded => Http2ErrorCode.FlowControlError,
        Http2Fault.StreamClosed => Http2ErrorCode.StreamClosed,
        Http2Fault.StreamRefused => Http2ErrorCode.RefusedStream,
        Http2Fault.FieldBlockInvalid => Http2ErrorCode.CompressionError,
        >= Http2Fault.FieldBlockTooLarge => Http2ErrorCode.EnhanceYourCalm,
        _ => Http2ErrorCode.ProtocolError,
    };

    /// <summary>A stable word for metrics: the name in snake_case.</summary>
    internal static string Token(this Http2Fault fault) => s_tokens[(int)fault];
}
