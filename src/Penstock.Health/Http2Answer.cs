// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Penstock.Health;

/// <summary>What has come of the response to a check over HTTP/2.</summary>
/// <param name="isHeadEnough">Whether the check asks for the head alone; else for all of it.</param>
internal sealed class Http2Answer(bool isHeadEnough)
{
    /// <summary>Bytes of grpc-message that are told.</summary>
    private const int MaxMessageBytes = 256;

    private readonly ArrayBufferWriter<byte> _content = new();
    private bool _isEnded;

    /// <summary>The final status, 200 to 599; 0: none yet.</summary>
    public int Status { get; private set; }

    /// <summary>Whether Content-Type is that of gRPC, with or without a coding.</summary>
    public bool IsGrpc { get; private set; }

    /// <summary>The value of grpc-status, in trailers or in a head without any; null: there is none.</summary>
    public string? GrpcStatus { get; private set; }

    /// <summary>The value of grpc-message, decoded, on one line; empty: there is none.</summary>
    public string GrpcMessage { get; private set; } = "";

    /// <summary>The content.</summary>
    public ReadOnlySpan<byte> Content => _content.WrittenSpan;

    /// <summary>Whether all has come that the check asks for.</summary>
    public bool IsEnough => _isEnded || (isHeadEnough && Status >= 200);

    /// <summary>A field of a head or of trailers.</summary>
    /// <param name="name">Its name, in lower case as HTTP/2 has it.</param>
    /// <param name="value">Its value.</param>
    public void OnField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual(":status"u8))
            Status = value.Length == 3 && Utf8Parser.TryParse(value, out int status, out var digits) && digits == 3 ? status : 0;
        else if (name.SequenceEqual("content-type"u8))
            IsGrpc = IsGrpcType(value);
        else if (name.SequenceEqual("grpc-status"u8))
            GrpcStatus = Told(value);
        else if (name.SequenceEqual("grpc-message"u8))
            GrpcMessage = Told(value);
    }

    /// <summary>A head or the trailers are whole.</summary>
    /// <param name="ended">Whether the response is over with them.</param>
    /// <returns>False: they are none that a response can have here.</returns>
    public bool TryEndFields(bool ended)
    {
        var isInterim = Status is >= 100 and < 200;
        if (Status is < 100 or > 599 || (isInterim && ended))
            return false;
        if (isInterim)
            Status = 0;
        _isEnded = ended;
        return true;
    }

    /// <summary>Some of the content.</summary>
    /// <param name="bytes">It.</param>
    /// <param name="ended">Whether the response is over with it.</param>
    /// <returns>False: there is no head before it.</returns>
    public bool TryAdd(ReadOnlySpan<byte> bytes, bool ended)
    {
        if (Status == 0)
            return false;
        _content.Write(bytes);
        _isEnded = ended;
        return true;
    }

    private static bool IsGrpcType(ReadOnlySpan<byte> value)
    {
        var type = "application/grpc"u8;
        return value.Length >= type.Length && Ascii.EqualsIgnoreCase(value[..type.Length], type) && (value.Length == type.Length || value[type.Length] is (byte)'+' or (byte)';' or (byte)' ');
    }

    // Percent-encoded (gRPC: doc/PROTOCOL-HTTP2.md), and it goes into logs.
    private static string Told(ReadOnlySpan<byte> value)
    {
        var text = Uri.UnescapeDataString(Encoding.UTF8.GetString(value[..Math.Min(value.Length, MaxMessageBytes)]));
        return string.Create(text.Length, text, static (letters, from) =>
        {
            for (var i = 0; i < letters.Length; i++)
                letters[i] = char.IsControl(from[i]) ? '?' : from[i];
        });
    }
}
