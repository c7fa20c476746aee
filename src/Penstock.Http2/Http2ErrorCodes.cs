// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2;

/// <summary>What error codes are called.</summary>
internal static class Http2ErrorCodes
{
    private static readonly string[] s_names =
    [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL",
        "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
    ];

    /// <summary>The name that RFC 9113 section 7 gives to a code that a peer has sent; the number of one that it does not have.</summary>
    internal static string Name(this Http2ErrorCode code) => (uint)code < s_names.Length ? s_names[(int)code] : $"error 0x{(uint)code:x}";
}
