// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Runtime.CompilerServices;

namespace Penstock.L7.Http1;

/// <summary>
/// Field lines up to an empty line, after a start line where there is one: what request heads, response heads and trailer
/// sections have in common. The bytes are read where the pipe holds them as long as they lie in one piece; what is accepted is copied
/// into one array of the section's own, so that it outlives the pipe's. Positions are offsets from the first byte, the same in both.
/// A section that is fed in pieces looks at each byte once.
/// </summary>
internal abstract partial class FieldSection
{
    /// <summary>Bytes of the array every section keeps; larger ones are lent by the pool until <see cref="Reset"/>.</summary>
    private const int OwnBytes = 2048;

    private const int LeastSlots = 24;

    private const int MaxFieldNameBytes = 256;

    /// <summary>Bytes a field line may gain when it is written again: the space behind the colon.</summary>
    internal const int LineOverhead = 1;

    private readonly bool _hasStartLine;
    private readonly int[] _first = new int[64];
    private byte[] _own = [];
    private byte[] _bytes = [];
    private FieldSlot[] _slots = new FieldSlot[LeastSlots];
    private bool _startLineRead;
    private int _copied;
    private int _line;
    private int _scanned;
    private int _scratch;

    protected FieldSection(bool hasStartLine) => _hasStartLine = hasStartLine;

    /// <summary>Why <see cref="ParseStatus.Rejected"/>.</summary>
    public RejectReason Rejection { get; protected set; }

    /// <summary>Number of field lines.</summary>
    public int FieldCount { get; private set; }

    /// <summary>Bytes of the section, its empty line included; 0 until it is complete.</summary>
    public int Length { get; private set; }

    /// <summary>The known fields that are there.</summary>
    internal ulong Present { get; private set; }

    /// <summary>The known fields that are there more than once.</summary>
    internal ulong Repeated { get; private set; }

    internal ReadOnlySpan<FieldSlot> Slots => _slots.AsSpan(0, FieldCount);

    /// <summary>The section's own bytes.</summary>
    internal ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The field at a place in the order received.</summary>
    public HeaderField Field(int index)
    {
        ref readonly FieldSlot slot = ref Slots[index];
        return new HeaderField(Name(slot), Value(slot), slot.Id, slot.Dropped || KnownHeaders.Has(KnownHeaders.HopByHop, slot.Id));
    }

    /// <summary>The value of the first line of a known field.</summary>
    public bool TryGet(KnownHeader id, out ReadOnlySpan<byte> value)
    {
        value = Has(id) ? Value(_slots[_first[(int)id]]) : default;
        return Has(id);
    }

    /// <summary>Forgets everything and gives back what was lent.</summary>
    public virtual void Reset()
    {
        if (_bytes.Length > OwnBytes)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = _own;
        _startLineRead = false;
        _copied = _line = _scanned = _scratch = Length = FieldCount = 0;
        Present = Repeated = 0;
        Rejection = RejectReason.None;
    }

    internal bool Has(KnownHeader id) => KnownHeaders.Has(Present, id);

    internal ReadOnlySpan<byte> Name(in FieldSlot slot) => _bytes.AsSpan(slot.NameStart, slot.NameLength);

    internal ReadOnlySpan<byte> Value(in FieldSlot slot) => _bytes.AsSpan(slot.ValueStart, slot.ValueLength);

    /// <summary>Where the value of the first line of a known field lies; the field must be there.</summary>
    protected ByteRange ValueRange(KnownHeader id)
    {
        ref readonly FieldSlot slot = ref _slots[_first[(int)id]];
        return new ByteRange(slot.ValueStart, slot.ValueLength);
    }

    /// <summary>Keeps a field from being forwarded.</summary>
    protected void Drop(int index) => _slots[index].Dropped = true;

    /// <summary>Reads the start line, which is data[start..end]; its CRLF follows.</summary>
    protected abstract RejectReason ReadStartLine(ReadOnlySpan<byte> data, int start, int end);

    /// <summary>Judges the section as a whole, once all lines are read and <see cref="Bytes"/> holds them.</summary>
    protected abstract RejectReason Complete();

    /// <summary>The reason for a start line beyond its limit.</summary>
    protected virtual RejectReason StartLineTooLong => RejectReason.HeadTooLarge;

    /// <summary>Whether one empty line may stand before the start line.</summary>
    protected virtual bool SkipsEmptyLine => false;

    /// <summary>Room for bytes derived from the section, behind it; offsets stay as they are.</summary>
    protected Span<byte> Scratch(int size)
    {
        Hold(Length + size, Length);
        _scratch = size;
        return _bytes.AsSpan(Length, size);
    }

    /// <summary>Reads on, from where the last call on a shorter input stopped.</summary>
    /// <param name="input">All bytes of the section so far; what follows it is left alone.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="consumed">Behind the section when it is done; else the start.</param>
    /// <param name="examined">The end when more is needed.</param>
    protected ParseStatus ParseSection(in ReadOnlySequence<byte> input, in HeadLimits limits, out SequencePosition consumed, out SequencePosition examined)
    {
        ParseStatus status;
        ReadOnlySpan<byte> first = input.FirstSpan;
        if (_copied == 0 && first.Length >= _scanned)
        {
            status = ReadLines(first, limits);
            if (status == ParseStatus.Done)
            {
                Hold(Length, 0);
                first[..Length].CopyTo(_bytes);
            }
            else if (status == ParseStatus.NeedMore && !input.IsSingleSegment)
            {
                status = ParseSegments(input, limits);
            }
        }
        else
        {
            status = ParseSegments(input, limits);
        }

        if (status == ParseStatus.Done)
        {
            Rejection = Complete();
            if (Rejection == RejectReason.None)
            {
                consumed = examined = input.GetPosition(Length);
                return ParseStatus.Done;
            }

            status = ParseStatus.Rejected;
        }

        consumed = input.Start;
        examined = status == ParseStatus.NeedMore ? input.End : input.Start;
        return status;
    }

    private ParseStatus ParseSegments(in ReadOnlySequence<byte> input, in HeadLimits limits)
    {
        foreach (ReadOnlyMemory<byte> segment in input.Slice(_copied))
        {
            int size = Math.Min(segment.Length, limits.HeadBytes - _copied);
            Hold(_copied + size, _copied);
            segment.Span[..size].CopyTo(_bytes.AsSpan(_copied));
            _copied += size;
            if (_copied < _scanned)
            {
                // What was looked at in one piece came again in several.
                continue;
            }

            ParseStatus status = ReadLines(_bytes.AsSpan(0, _copied), limits);
            if (status != ParseStatus.NeedMore)
            {
                return status;
            }
        }

        return ParseStatus.NeedMore;
    }

    /// <summary>Reads complete lines; data begins where the section does.</summary>
    [SkipLocalsInit]
    private ParseStatus ReadLines(ReadOnlySpan<byte> data, in HeadLimits limits)
    {
        ReadOnlySpan<byte> window = data.Length > limits.HeadBytes ? data[..limits.HeadBytes] : data;
        if (_hasStartLine && !_startLineRead)
        {
            ParseStatus status = ReadFirstLine(window, limits);
            if (status != ParseStatus.Done)
            {
                return status;
            }
        }

        int line = _line;
        while (true)
        {
            int end = ByteScan.IndexOfControl(window, _scanned);
            if (end + 1 >= window.Length || window[end] != (byte)'\r' || window[end + 1] != (byte)'\n')
            {
                _line = line;
                return LineNotOver(window, end, limits.HeadBytes, RejectReason.HeadTooLarge);
            }

            _scanned = end + 2;
            if (end == line)
            {
                _line = line;
                Length = end + 2;
                return ParseStatus.Done;
            }

            if (!ReadField(window, line, end, limits.FieldCount))
            {
                return ParseStatus.Rejected;
            }

            line = end + 2;
        }
    }

    private ParseStatus ReadFirstLine(ReadOnlySpan<byte> data, in HeadLimits limits)
    {
        long most = _line + (long)limits.LineBytes + 2;
        ReadOnlySpan<byte> window = data.Length > most ? data[..(int)most] : data;
        int end = ByteScan.IndexOfControl(window, _scanned);
        if (end + 1 >= window.Length || window[end] != (byte)'\r' || window[end + 1] != (byte)'\n')
        {
            return LineNotOver(window, end, (int)Math.Min(most, limits.HeadBytes), most <= limits.HeadBytes ? StartLineTooLong : RejectReason.HeadTooLarge);
        }

        if (end == 0 && _line == 0 && SkipsEmptyLine)
        {
            // One empty line before the start line, as some clients send after a body (RFC 9112 section 2.2); a second is too much.
            _line = _scanned = 2;
            return ReadFirstLine(data, limits);
        }

        RejectReason reason = end == _line ? RejectReason.EmptyLine : ReadStartLine(data, _line, end);
        if (reason != RejectReason.None)
        {
            return Reject(reason);
        }

        _startLineRead = true;
        _line = _scanned = end + 2;
        return ParseStatus.Done;
    }

    /// <summary>What it means that data[end] does not begin a CRLF.</summary>
    private ParseStatus LineNotOver(ReadOnlySpan<byte> data, int end, int most, RejectReason tooLong)
    {
        if (end < data.Length && (data[end] != (byte)'\r' || end + 1 < data.Length))
        {
            return Reject(data[end] switch
            {
                (byte)'\r' => RejectReason.BareCr,
                (byte)'\n' => RejectReason.BareLf,
                0 => RejectReason.Nul,
                _ => RejectReason.ControlByte,
            });
        }

        _scanned = end;
        return data.Length >= most ? Reject(tooLong) : ParseStatus.NeedMore;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool ReadField(ReadOnlySpan<byte> data, int line, int end, int mostFields)
    {
        int colon = ByteScan.IndexOfAnyExcept(data, line, AsciiSet.TokenButUnderscore);
        bool underscore = data[colon] == (byte)'_';
        if (underscore)
        {
            colon = ByteScan.IndexOfAnyExcept(data, colon, AsciiSet.Token);
        }

        int nameLength = colon - line;
        if (data[colon] != (byte)':' || (uint)(nameLength - 1) >= MaxFieldNameBytes || FieldCount >= mostFields)
        {
            return RejectField(data, line, colon, end, mostFields);
        }

        int valueStart = colon + 1;
        while (data[valueStart] is (byte)' ' or (byte)'\t')
        {
            valueStart++;
        }

        int valueEnd = end;
        while (valueEnd > valueStart && data[valueEnd - 1] is (byte)' ' or (byte)'\t')
        {
            valueEnd--;
        }

        if (FieldCount == _slots.Length)
        {
            GrowSlots();
        }

        ReadOnlySpan<byte> name = data.Slice(line, nameLength);
        KnownHeader id = KnownHeaders.Find(name);
        ref FieldSlot slot = ref _slots[FieldCount];
        slot.NameStart = line;
        slot.NameLength = (ushort)nameLength;
        slot.ValueStart = valueStart;
        slot.ValueLength = valueEnd - valueStart;
        slot.Id = id;
        slot.Dropped = underscore && ImitatesKnown(name);
        if (id != KnownHeader.Other)
        {
            Note(id);
        }

        FieldCount++;
        return true;
    }

    private void Note(KnownHeader id)
    {
        ulong bit = 1UL << (int)id;
        if ((Present & bit) != 0)
        {
            Repeated |= bit;
            return;
        }

        Present |= bit;
        _first[(int)id] = FieldCount;
    }

    /// <summary>
    /// Whether the name would be a known one with hyphens for its underscores. CGI and its heirs see no difference, so a
    /// client could speak with the proxy's voice (<c>X_Forwarded_For</c>); nginx drops every such field.
    /// </summary>
    private static bool ImitatesKnown(ReadOnlySpan<byte> name)
    {
        Span<byte> hyphens = stackalloc byte[MaxFieldNameBytes];
        name.Replace(hyphens, (byte)'_', (byte)'-');
        return KnownHeaders.Find(hyphens[..name.Length]) != KnownHeader.Other;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool RejectField(ReadOnlySpan<byte> data, int line, int colon, int end, int mostFields)
    {
        byte stopped = data[colon];
        RejectReason reason = stopped switch
        {
            _ when FieldCount >= mostFields => RejectReason.TooManyFields,
            (byte)' ' or (byte)'\t' when colon == line => RejectReason.ObsFold,
            (byte)' ' or (byte)'\t' when data[colon..end].TrimStart(" \t"u8) is [(byte)':', ..] => RejectReason.SpaceBeforeColon,
            (byte)':' when colon - line > MaxFieldNameBytes => RejectReason.FieldNameTooLong,
            (byte)'\r' => RejectReason.FieldColonMissing,
            _ => RejectReason.FieldNameMalformed,
        };
        Reject(reason);
        return false;
    }

    private ParseStatus Reject(RejectReason reason)
    {
        Rejection = reason;
        return ParseStatus.Rejected;
    }

    /// <summary>Makes room for a number of bytes, keeping the first so many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Hold(int size, int keep)
    {
        if (size > _bytes.Length)
        {
            Grow(size, keep);
        }
    }

    private void Grow(int size, int keep)
    {
        byte[] larger = size > OwnBytes ? ArrayPool<byte>.Shared.Rent(size)
            : _own.Length != 0 ? _own
            : _own = new byte[OwnBytes];
        _bytes.AsSpan(0, keep).CopyTo(larger);
        if (_bytes.Length > OwnBytes)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }
}
