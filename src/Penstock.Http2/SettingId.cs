// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2;

/// <summary>Settings (RFC 9113 section 6.5.2).</summary>
internal enum SettingId : ushort
{
    HeaderTableSize = 1,
    EnablePush = 2,
    MaxConcurrentStreams = 3,
    InitialWindowSize = 4,
    MaxFrameSize = 5,
    MaxHeaderListSize = 6,

    /// <summary>Whether extended CONNECT is taken (RFC 8441 section 3).</summary>
    EnableConnectProtocol = 8,
}
