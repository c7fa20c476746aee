// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.L7.Http1;

/// <content>
/// Fields that come one by one, decoded (HTTP/2), and are held to what RFC 9113 section 8.2 says. Each takes as much of the section's bytes
/// as its line would, so that what is written from it has the same bounds.
/// </content>
internal abstract partial class FieldSection
{
    /// <summary>Bytes of a field line besides its name and value: a colon and CR LF.</summary>
    private const int LineBytes = 3;

    /// <summary>Takes a field.</summary>
    /// <param name="name">Name; must be a token without upper case.</param>
    /// <param name="value">Value.</param>
    /// <param name="limits">Bounds.</param>
    internal RejectReason AddField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, in HeadLimits limits)
    {
        var reason = JudgeField(name, value);
        if (reason != RejectReason.None)
            return reason;
        if (FieldCount >= limits.FieldCount)
            return RejectReason.TooManyFields;
        if (Length + name.Length + value.Length + LineBytes > limits.HeadBytes)
            return RejectReason.HeadTooLarge;
        var id = KnownHeaders.Find(name);
        if (FieldCount == _slots.Length)
            GrowSlots();
        ref var slot = ref _slots[FieldCount];
        slot.NameStart = AddBytes(name).Start;
        slot.NameLength = (ushort)name.Length;
        slot.ValueStart = AddBytes(value).Start;
        slot.ValueLength = value.Length;
        slot.Id = id;
        slot.Dropped = name.Contains((byte)'_') && ImitatesKnown(name);
        Length += LineBytes;
        if (id != KnownHeader.Other)
            Note(id);
        FieldCount++;
        return RejectReason.None;
    }

    /// <summary>The value of the first field of a name that is not a known one.</summary>
    internal bool TryFind(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (ref readonly var slot in Slots)
        {
            if (slot.Id != KnownHeader.Other || !Ascii.EqualsIgnoreCase(Name(slot), name)) // HTTP/1.1 keeps the case.
                continue;
            value = Value(slot);
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>Keeps the fields of a name that is not a known one from being forwarded.</summary>
    internal void DropFields(ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < FieldCount; i++)
        {
            if (_slots[i].Id == KnownHeader.Other && Ascii.EqualsIgnoreCase(Name(_slots[i]), name))
                Drop(i);
        }
    }

    /// <summary>Keeps what was read in arrays of just its size, for it will be kept for long. Nothing may be added until <see cref="Reset"/>.</summary>
    internal void Shrink()
    {
        _slots = Slots.ToArray();
        if (_bytes.Length > OwnBytes)
            return; // The pool's.
        _bytes = _bytes[..Math.Min(_bytes.Length, Length + _scratch)];
        _own = [];
    }

    private void GrowSlots() => Array.Resize(ref _slots, Math.Max(LeastSlots, _slots.Length * 2));

    /// <summary>Takes bytes that are part of no field.</summary>
    protected ByteRange AddBytes(ReadOnlySpan<byte> bytes)
    {
        Hold(Length + bytes.Length, Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        var range = new ByteRange(Length, bytes.Length);
        Length += bytes.Length;
        return range;
    }

    /// <summary>Makes one field of all that a field came in, with a separator between them; it takes the place of the first.</summary>
    protected void JoinFields(KnownHeader id, ReadOnlySpan<byte> separator)
    {
        var start = Length;
        ref var first = ref _slots[_first[(int)id]];
        for (var i = 0; i < FieldCount; i++)
        {
            if (_slots[i].Id != id)
                continue;
            if (Length > start)
                AddBytes(separator);
            var length = _slots[i].ValueLength;
            Hold(Length + length, Length);
            _bytes.AsSpan(_slots[i].ValueStart, length).CopyTo(_bytes.AsSpan(Length));
            Length += length;
            _slots[i].Dropped = true;
        }

        first.ValueStart = start;
        first.ValueLength = Length - start;
        first.Dropped = false;
    }

    private static RejectReason JudgeField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.Length > MaxFieldNameBytes)
            return RejectReason.FieldNameTooLong;
        if (name.IsEmpty || ByteScan.IndexOfAnyExcept(name, 0, AsciiSet.Token) != name.Length)
            return RejectReason.FieldNameMalformed;
        if (name.ContainsAnyInRange((byte)'A', (byte)'Z'))
            return RejectReason.FieldNameUppercase;
        var control = ByteScan.IndexOfControl(value, 0);
        if (control < value.Length)
        {
            return value[control] switch
            {
                (byte)'\r' => RejectReason.BareCr,
                (byte)'\n' => RejectReason.BareLf,
                0 => RejectReason.Nul,
                _ => RejectReason.ControlByte,
            };
        }

        return value is [(byte)' ' or (byte)'\t', ..] or [.., (byte)' ' or (byte)'\t'] ? RejectReason.FieldValuePadded : RejectReason.None;
    }
}
