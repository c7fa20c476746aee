// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Penstock.Http2;

/// <summary>What one end of a connection has said of itself (RFC 9113 section 6.5.2); it begins with the defaults.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct Http2Settings
{
    /// <summary>Bytes of one setting.</summary>
    internal const int EntryLength = 6;

    /// <summary>SETTINGS_HEADER_TABLE_SIZE before any is said.</summary>
    internal const int DefaultHeaderTableSize = 4096;

    /// <summary>SETTINGS_INITIAL_WINDOW_SIZE before any is said, and the window of a connection at its begin.</summary>
    internal const int DefaultWindow = 65535;

    /// <summary>SETTINGS_MAX_FRAME_SIZE before any is said, and the least it may be.</summary>
    internal const int DefaultMaxFrameSize = 16384;

    /// <summary>The most SETTINGS_MAX_FRAME_SIZE may be.</summary>
    internal const int MostMaxFrameSize = (1 << 24) - 1;

    public Http2Settings()
    {
    }

    /// <summary>Bytes of the sender's table for decoding.</summary>
    public uint HeaderTableSize { get; private set; } = DefaultHeaderTableSize;

    /// <summary>Whether it takes pushes.</summary>
    public bool EnablePush { get; private set; } = true;

    /// <summary>Streams the other end may have open at once.</summary>
    public uint MaxConcurrentStreams { get; private set; } = uint.MaxValue;

    /// <summary>Window of a new stream towards the sender.</summary>
    public int InitialWindow { get; private set; } = DefaultWindow;

    /// <summary>Largest frame it takes.</summary>
    public int MaxFrameSize { get; private set; } = DefaultMaxFrameSize;

    /// <summary>Largest field list it takes, by the count of RFC 7541 section 4.1.</summary>
    public uint MaxHeaderListSize { get; private set; } = uint.MaxValue;

    /// <summary>Whether it takes extended CONNECT (RFC 8441 section 3).</summary>
    public bool EnableConnectProtocol { get; private set; }

    /// <summary>Takes the settings of a frame, in order.</summary>
    /// <param name="payload">A multiple of six bytes.</param>
    /// <param name="ofServer">Whether a server has sent it, which takes no pushes.</param>
    internal Http2Fault Apply(ReadOnlySpan<byte> payload, bool ofServer)
    {
        for (; payload.Length >= EntryLength; payload = payload[EntryLength..])
        {
            var value = BinaryPrimitives.ReadUInt32BigEndian(payload[2..]);
            switch ((SettingId)BinaryPrimitives.ReadUInt16BigEndian(payload))
            {
                case SettingId.HeaderTableSize:
                    HeaderTableSize = value;
                    break;
                case SettingId.EnablePush when value > (ofServer ? 0u : 1u):
                    return Http2Fault.SettingsPushInvalid;
                case SettingId.EnablePush:
                    EnablePush = value == 1;
                    break;
                case SettingId.MaxConcurrentStreams:
                    MaxConcurrentStreams = value;
                    break;
                case SettingId.InitialWindowSize when value > int.MaxValue:
                    return Http2Fault.SettingsWindowTooLarge;
                case SettingId.InitialWindowSize:
                    InitialWindow = (int)value;
                    break;
                case SettingId.MaxFrameSize when value is < DefaultMaxFrameSize or > MostMaxFrameSize:
                    return Http2Fault.SettingsFrameSizeInvalid;
                case SettingId.MaxFrameSize:
                    MaxFrameSize = (int)value;
                    break;
                case SettingId.MaxHeaderListSize:
                    MaxHeaderListSize = value;
                    break;
                case SettingId.EnableConnectProtocol when value > 1 || (ofServer && EnableConnectProtocol && value == 0):
                    return Http2Fault.SettingsConnectInvalid; // RFC 8441 section 3: nor is it taken back. What a client says of it means nothing.
                case SettingId.EnableConnectProtocol:
                    EnableConnectProtocol = value == 1;
                    break;
                default:
                    break; // RFC 9113 section 6.5.2: unknown settings are ignored.
            }
        }

        return Http2Fault.None;
    }
}
