// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Runtime.InteropServices;

namespace Penstock.L7.Http1;

/// <summary>
/// Takes the chunked transfer coding off a body (RFC 9112 section 7.1), a piece at a time. Chunk extensions are checked to the letter
/// and thrown away; a bare LF nowhere ends a line (CVE-2025-55315). Set up by <see cref="Start"/>; one value serves one body after the other.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct ChunkedDecoder
{
    /// <summary>Digits of a chunk size, leading zeros included.</summary>
    private const int MaxSizeDigits = 16;

    /// <summary>
    /// Bytes of framing that a body may have in advance of its data. What a chunk's line has beyond 16 bytes and twice its data counts
    /// against it (the rule and the figure of Go's net/http after CVE-2023-39326).
    /// </summary>
    private const int MaxOverhead = 16 << 10;

    private HeadLimits _trailerLimits;
    private TrailerSection? _trailers;
    private long _size;
    private long _overhead;
    private int _lineBytes;
    private int _digits;
    private State _state;
    private bool _trailersUsed;

    /// <summary>Where in the coding the next byte stands.</summary>
    private enum State : byte
    {
        Size,
        SpaceAfterSize,
        SpaceBeforeName,
        Name,
        SpaceAfterName,
        SpaceBeforeValue,
        Value,
        Quoted,
        QuotedPair,
        AfterQuoted,
        SpaceAfterValue,
        SizeLf,
        Data,
        DataCr,
        DataLf,
        Trailers,
        Done,
        Rejected,
    }

    /// <summary>Why <see cref="ChunkStatus.Rejected"/>.</summary>
    public RejectReason Rejection { get; private set; }

    /// <summary>The trailer fields, once done; null: there are none. Valid until the next <see cref="Start"/>.</summary>
    public readonly TrailerSection? Trailers => _state == State.Done && _trailersUsed && _trailers is { FieldCount: > 0 } ? _trailers : null;

    /// <summary>Begins a body. Of the limits, those on bytes and fields bind its trailer section.</summary>
    public void Start(in HeadLimits trailerLimits)
    {
        _trailerLimits = trailerLimits;
        _trailers?.Reset();
        _trailersUsed = false;
        _size = _overhead = 0;
        _lineBytes = _digits = 0;
        _state = State.Size;
        Rejection = RejectReason.None;
    }

    /// <summary>Gives back what its trailer section was lent, which may be as large as a head, and has none any more.</summary>
    public void Release()
    {
        if (_trailersUsed)
        {
            _trailers?.Reset();
            _trailersUsed = false;
        }
    }

    /// <summary>Takes one step. Input is moved behind what was used; what is left must be given again, with more behind it.</summary>
    /// <param name="input">Bytes of the coding.</param>
    /// <param name="data">A piece of the body, within the input, when <see cref="ChunkStatus.Data"/>.</param>
    public ChunkStatus Read(ref ReadOnlySequence<byte> input, out ReadOnlySequence<byte> data)
    {
        data = default;
        while (true)
        {
            switch (_state)
            {
                case State.Done:
                    return ChunkStatus.Done;
                case State.Rejected:
                    return ChunkStatus.Rejected;
                case State.Trailers:
                    return ReadTrailers(ref input);
            }

            if (input.IsEmpty)
            {
                return ChunkStatus.NeedMore;
            }

            if (_state == State.Data)
            {
                long take = Math.Min(_size, input.Length);
                data = input.Slice(0, take);
                input = input.Slice(take);
                _size -= take;
                _state = _size == 0 ? State.DataCr : State.Data;
                return ChunkStatus.Data;
            }

            input = SkipEmptySegments(input);
            input = input.Slice(ReadLine(input.FirstSpan));
        }
    }

    private static ReadOnlySequence<byte> SkipEmptySegments(in ReadOnlySequence<byte> input)
    {
        SequencePosition from = input.Start, next = from;
        while (input.TryGet(ref next, out ReadOnlyMemory<byte> segment) && segment.IsEmpty)
        {
            from = next;
        }

        return input.Slice(from);
    }

    private static bool IsBlank(byte value) => value is (byte)' ' or (byte)'\t';

    /// <summary>Reads what lies between two pieces of data, or as much of it as is here.</summary>
    /// <returns>Bytes read.</returns>
    private int ReadLine(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length && _state is not (State.Data or State.Trailers or State.Rejected))
        {
            State next = Next(bytes[at++]);
            if (++_lineBytes > MaxOverhead)
            {
                Rejection = RejectReason.ChunkOverhead;
                next = State.Rejected;
            }

            _state = next;
        }

        return at;
    }

    private State Next(byte value)
    {
        switch (_state)
        {
            case State.Size:
                return ReadSize(value);
            case State.SizeLf:
                return value == (byte)'\n' ? EndOfSizeLine() : Reject(RejectReason.BareCr);
            case State.DataCr:
                return value == (byte)'\r' ? State.DataLf : Reject(RejectReason.ChunkDataUnterminated);
            case State.DataLf:
                _lineBytes = -1;
                return value == (byte)'\n' ? State.Size : Reject(RejectReason.ChunkDataUnterminated);
            default:
                return ReadExtension(value);
        }
    }

    private State ReadSize(byte value)
    {
        if (char.IsAsciiHexDigit((char)value))
        {
            // 16 digits, of which the first is below 8: less than 2^63.
            if (++_digits > MaxSizeDigits || _size >= 1L << 59)
            {
                return Reject(RejectReason.ChunkSizeOverflow);
            }

            int digit = value <= '9' ? value - '0' : (value | 0x20) - 'a' + 10;
            _size = (_size << 4) | (uint)digit;
            return State.Size;
        }

        if (_digits == 0)
        {
            return Reject(RejectReason.ChunkSizeMalformed);
        }

        return value switch
        {
            (byte)'\r' => State.SizeLf,
            (byte)';' => State.SpaceBeforeName,
            (byte)' ' or (byte)'\t' => State.SpaceAfterSize,
            (byte)'\n' => Reject(RejectReason.BareLf),
            _ => Reject(RejectReason.ChunkSizeMalformed),
        };
    }

    /// <summary>
    /// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS ( token / quoted-string ) ] ), with white space nowhere else: not
    /// before the CRLF, where a laxer peer could see something other than we do.
    /// </summary>
    private State ReadExtension(byte value)
    {
        bool token = AsciiSet.Token.Contains(value);
        State next = _state switch
        {
            State.SpaceAfterSize or State.SpaceAfterValue => IsBlank(value) ? _state : value == (byte)';' ? State.SpaceBeforeName : State.Rejected,
            State.SpaceBeforeName => IsBlank(value) ? _state : token ? State.Name : State.Rejected,
            State.Name when token => State.Name,
            State.Name or State.SpaceAfterName when value == (byte)'=' => State.SpaceBeforeValue,
            State.Name or State.SpaceAfterName when IsBlank(value) => State.SpaceAfterName,
            State.SpaceAfterName => value == (byte)';' ? State.SpaceBeforeName : State.Rejected,
            State.SpaceBeforeValue => IsBlank(value) ? _state : value == (byte)'"' ? State.Quoted : token ? State.Value : State.Rejected,
            State.Value when token => State.Value,
            State.Quoted when value == (byte)'"' => State.AfterQuoted,
            State.Quoted when value == (byte)'\\' => State.QuotedPair,
            State.Quoted or State.QuotedPair => value is (byte)'\t' or >= 0x20 and not 0x7F ? State.Quoted : State.Rejected,
            State.Name or State.Value or State.AfterQuoted => value switch
            {
                (byte)'\r' => State.SizeLf,
                (byte)';' => State.SpaceBeforeName,
                (byte)' ' or (byte)'\t' => State.SpaceAfterValue,
                _ => State.Rejected,
            },
            _ => State.Rejected,
        };
        return next != State.Rejected ? next : Reject(value == (byte)'\n' ? RejectReason.BareLf : RejectReason.ChunkExtensionMalformed);
    }

    private State EndOfSizeLine()
    {
        long excess = _overhead + _lineBytes + 1 - 16 - (2 * Math.Min(_size, MaxOverhead));
        _overhead = Math.Max(0, excess);
        _digits = 0;
        return _overhead > MaxOverhead ? Reject(RejectReason.ChunkOverhead)
            : _size == 0 ? State.Trailers
            : State.Data;
    }

    private ChunkStatus ReadTrailers(ref ReadOnlySequence<byte> input)
    {
        // Nearly always there are none: two bytes end the body.
        if (!_trailersUsed && input.FirstSpan is [(byte)'\r', (byte)'\n', ..])
        {
            input = input.Slice(2);
            _state = State.Done;
            return ChunkStatus.Done;
        }

        if (input.IsEmpty)
        {
            return ChunkStatus.NeedMore;
        }

        _trailers ??= new TrailerSection();
        _trailersUsed = true;
        ParseStatus status = _trailers.Parse(input, _trailerLimits, out SequencePosition consumed, out _);
        if (status == ParseStatus.NeedMore)
        {
            return ChunkStatus.NeedMore;
        }

        if (status == ParseStatus.Rejected)
        {
            _state = Reject(_trailers.Rejection);
            return ChunkStatus.Rejected;
        }

        input = input.Slice(consumed);
        _state = State.Done;
        return ChunkStatus.Done;
    }

    private State Reject(RejectReason reason)
    {
        Rejection = reason;
        return State.Rejected;
    }
}
