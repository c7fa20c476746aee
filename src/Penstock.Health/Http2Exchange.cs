// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Penstock.Http2;
using Penstock.Http2.Hpack;
using Penstock.Linux.Tls;
using Penstock.Model;

namespace Penstock.Health;

/// <summary>One request of a check over a fresh connection of HTTP/2 (RFC 9113): by ALPN over TLS, else by prior knowledge. No window is ever given back: a check needs no more than those that a connection begins with.</summary>
internal sealed class Http2Exchange
{
    /// <summary>Bytes received before giving up: far more than a health answers with, and what a connection's first window holds.</summary>
    private const int MaxBytes = 64 << 10;

    /// <summary>Bytes of a head or of trailers, encoded.</summary>
    private const int MaxBlockBytes = 32 << 10;

    /// <summary>The first stream of a client.</summary>
    private const int StreamId = 1;

    private readonly CheckStream _stream;
    private readonly Http2Answer _answer;
    private readonly HpackDecoder _decoder = new(Http2Settings.DefaultHeaderTableSize);
    private readonly ArrayBufferWriter<byte> _block = new();
    private readonly ArrayBufferWriter<byte> _replies = new();
    private readonly byte[] _buffer = new byte[FrameHeader.Size + Http2Settings.DefaultMaxFrameSize];
    private int _used;
    private bool _isBegun;
    private bool _isInBlock;
    private bool _endsWithBlock;

    private Http2Exchange(CheckStream stream, Http2Answer answer) => (_stream, _answer) = (stream, answer);

    /// <summary>The fields that any request of a check begins with.</summary>
    /// <param name="target">Whose check it is.</param>
    /// <param name="endpoint">Where it goes.</param>
    /// <param name="method">Method.</param>
    /// <param name="path">Path and query.</param>
    public static FieldBlock Fields(HealthTarget target, SocketEndpoint endpoint, ReadOnlySpan<byte> method, string path)
    {
        var fields = new FieldBlock();
        fields.Add(":method"u8, method, HpackIndexing.None);
        fields.Add(":scheme"u8, target.Tls is null ? "http"u8 : "https"u8, HpackIndexing.None);
        fields.Add(":authority"u8, Encoding.UTF8.GetBytes(HttpCheck.HostFor(target.Check, endpoint)), HpackIndexing.None);
        fields.Add(":path"u8, Encoding.UTF8.GetBytes(path), HpackIndexing.None);
        fields.Add("user-agent"u8, "penstock-health"u8, HpackIndexing.None);
        return fields;
    }

    /// <summary>Connects, sends a request and receives what the check asks for of the response.</summary>
    /// <param name="target">Whose check it is.</param>
    /// <param name="tls">TLS of its connections; null: none.</param>
    /// <param name="endpoint">Where to.</param>
    /// <param name="fields">The request's fields.</param>
    /// <param name="content">Its content; empty: none. At most a frame of 16 KiB.</param>
    /// <param name="answer">Takes the response.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>Null: all has come; else what went wrong, for people.</returns>
    public static async Task<string?> RunAsync(HealthTarget target, CheckTls? tls, SocketEndpoint endpoint, FieldBlock fields, byte[] content, Http2Answer answer, CancellationToken cancel)
    {
        var during = "connect";
        try
        {
            using var stream = await CheckStream.OpenAsync(endpoint, target.ProxyProtocol, target.Marks.GetValueOrDefault(endpoint), tls?.Client(), cancel);
            if (!stream.TakesHttp2)
                return "tls: the endpoint does not agree to HTTP/2 (h2) by ALPN";
            during = "send";
            await stream.SendAsync(Request(fields, content), cancel);
            during = "receive";
            return await new Http2Exchange(stream, answer).ReceiveAsync(cancel);
        }
        catch (SocketException e)
        {
            return CheckSocket.Describe(during, e);
        }
        catch (TlsException e)
        {
            return "tls: " + e.Message;
        }
    }

    // The request follows the preface at once: until the server's settings have come, what a connection begins with holds (section 3.4).
    private static byte[] Request(FieldBlock fields, byte[] content)
    {
        var block = new byte[HpackEncoder.MaxBeginLength + fields.MaxEncodedLength];
        var length = fields.Encode(new HpackEncoder(Http2Settings.DefaultHeaderTableSize), block);
        var request = new ArrayBufferWriter<byte>();
        request.Write(Http2Preface.Bytes);
        Put(request, FrameType.Settings, FrameFlags.None, streamId: 0, [0, (byte)SettingId.EnablePush, 0, 0, 0, 0]);
        Put(request, FrameType.Headers, content.Length == 0 ? FrameFlags.EndHeaders | FrameFlags.EndStream : FrameFlags.EndHeaders, StreamId, block.AsSpan(0, length));
        if (content.Length > 0)
            Put(request, FrameType.Data, FrameFlags.EndStream, StreamId, content);
        return request.WrittenSpan.ToArray();
    }

    private static void Put(ArrayBufferWriter<byte> to, FrameType type, FrameFlags flags, int streamId, ReadOnlySpan<byte> payload)
    {
        new FrameHeader(payload.Length, type, flags, streamId).Write(to.GetSpan(FrameHeader.Size));
        to.Advance(FrameHeader.Size);
        to.Write(payload);
    }

    private static string Broken(Http2Fault fault) => "the response breaks HTTP/2: " + fault.Token();

    private static Http2ErrorCode CodeAt(ReadOnlySpan<byte> bytes) => (Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(bytes);

    private async Task<string?> ReceiveAsync(CancellationToken cancel)
    {
        for (var received = 0; received < MaxBytes;)
        {
            var read = await _stream.ReceiveAsync(_buffer.AsMemory(_used), cancel);
            if (read == 0)
                return received == 0 ? "closed without a response" : "closed before the end of the response";
            received += read;
            _used += read;
            if (TakeFrames() is { } failure)
                return failure;
            if (_answer.IsEnough)
                return null;
            if (_replies.WrittenCount == 0)
                continue;
            await _stream.SendAsync(_replies.WrittenSpan.ToArray(), cancel);
            _replies.ResetWrittenCount();
        }

        return $"no end of the response within {MaxBytes} bytes";
    }

    // What is left of the buffer is less than a frame, so there is always room to receive into.
    private string? TakeFrames()
    {
        ReadOnlySpan<byte> rest = _buffer.AsSpan(0, _used);
        string? failure = null;
        while (failure is null && !_answer.IsEnough && rest.Length >= FrameHeader.Size)
        {
            var header = FrameHeader.Read(rest);
            var fault = header.Check(Http2Settings.DefaultMaxFrameSize);
            if (!_isBegun && (fault != Http2Fault.None || header.Type != FrameType.Settings || header.Has(FrameFlags.Ack)))
                return "the response is not HTTP/2";
            if (fault != Http2Fault.None)
                return Broken(fault);
            if (rest.Length < FrameHeader.Size + header.Length)
                break;
            _isBegun = true;
            failure = Take(header, rest.Slice(FrameHeader.Size, header.Length));
            rest = rest[(FrameHeader.Size + header.Length)..];
        }

        rest.CopyTo(_buffer);
        _used = rest.Length;
        return failure;
    }

    private string? Take(FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (_isInBlock != (header.Type == FrameType.Continuation))
            return Broken(_isInBlock ? Http2Fault.ContinuationExpected : Http2Fault.ContinuationUnexpected);
        switch (header.Type)
        {
            case FrameType.Data or FrameType.Headers or FrameType.Continuation when header.StreamId != StreamId:
                return Broken(Http2Fault.StreamIdle);
            case FrameType.Data or FrameType.Headers:
                var fault = header.Strip(ref payload);
                if (fault != Http2Fault.None)
                    return Broken(fault);
                if (header.Type == FrameType.Headers)
                    return TakeBlock(header, payload);
                return _answer.TryAdd(payload, header.Has(FrameFlags.EndStream)) ? null : Broken(Http2Fault.MessageMalformed);
            case FrameType.Continuation:
                return TakeBlock(header, payload);
            case FrameType.RstStream when header.StreamId == StreamId:
                return "the endpoint reset the stream: " + CodeAt(payload).Name();
            case FrameType.GoAway when CodeAt(payload[4..]) != Http2ErrorCode.NoError || (BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue) < StreamId:
                return "the endpoint ended the connection: " + CodeAt(payload[4..]).Name();
            case FrameType.PushPromise:
                return Broken(Http2Fault.PushNotAllowed);
            case FrameType.Settings when !header.Has(FrameFlags.Ack):
                Put(_replies, FrameType.Settings, FrameFlags.Ack, streamId: 0, []);
                return null;
            case FrameType.Ping when !header.Has(FrameFlags.Ack):
                Put(_replies, FrameType.Ping, FrameFlags.Ack, streamId: 0, payload);
                return null;
            default:
                return null;
        }
    }

    private string? TakeBlock(FrameHeader header, ReadOnlySpan<byte> fragment)
    {
        if (header.Type == FrameType.Headers)
        {
            _block.ResetWrittenCount();
            _endsWithBlock = header.Has(FrameFlags.EndStream);
        }

        if (_block.WrittenCount + fragment.Length > MaxBlockBytes)
            return Broken(Http2Fault.FieldBlockTooLarge);
        _block.Write(fragment);
        _isInBlock = !header.Has(FrameFlags.EndHeaders);
        return _isInBlock ? null : DecodeBlock();
    }

    private string? DecodeBlock()
    {
        var block = _block.WrittenSpan;
        _decoder.Begin();
        while (true)
        {
            var status = _decoder.Read(ref block, out var field);
            if (status == HpackStatus.Rejected)
                return Broken(Http2Fault.FieldBlockInvalid);
            if (status == HpackStatus.End)
                return _answer.TryEndFields(_endsWithBlock) ? null : Broken(Http2Fault.MessageMalformed);
            _answer.OnField(field.Name, field.Value);
        }
    }
}
