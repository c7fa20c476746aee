// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http2;

/// <summary>Settings (RFC 9113 section 6.5.2).</summary>
internal enum SettingId : ushort
{
    HeaderTableSize = 1,
    EnablePush = 2,
    MaxConcurrentStreams = 3,
    InitialWindowSize = 4,
    MaxFrameSize = 5,
    MaxHeaderListSize = 6,
}
