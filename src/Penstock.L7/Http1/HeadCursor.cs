// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;
using System.Runtime.CompilerServices;

namespace Penstock.L7.Http1;

/// <summary>Writes parts of a head one behind the other into memory that is known to be large enough.</summary>
internal ref struct HeadCursor(Span<byte> output)
{
    private readonly Span<byte> _output = output;

    /// <summary>Bytes written so far.</summary>
    public int Written { get; private set; }

    /// <summary>Writes bytes as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_output[Written..]);
        Written += bytes.Length;
    }

    /// <summary>Writes a field line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PutField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Put(name);
        Put(": "u8);
        Put(value);
        Put("\r\n"u8);
    }

    /// <summary>Writes a number of 0 or more in decimal.</summary>
    public void Put(long number)
    {
        Utf8Formatter.TryFormat(number, _output[Written..], out int digits);
        Written += digits;
    }

    /// <summary>Writes the fields of a section that are in no excluded set and were not dropped.</summary>
    public void PutFields(FieldSection section, ulong excluded)
    {
        foreach (ref readonly FieldSlot slot in section.Slots)
        {
            if (!KnownHeaders.Has(excluded, slot.Id) && !slot.Dropped)
            {
                PutField(section.Name(slot), section.Value(slot));
            }
        }
    }

    /// <summary>Begins a field line with all values a list field came with, joined.</summary>
    /// <returns>Whether there were any; if not, nothing is written.</returns>
    public bool PutList(FieldSection section, KnownHeader id, ReadOnlySpan<byte> nameAndColon)
    {
        if (!section.Has(id))
        {
            return false;
        }

        bool any = false;
        foreach (ref readonly FieldSlot slot in section.Slots)
        {
            if (slot.Id == id && !slot.Dropped && slot.ValueLength > 0)
            {
                Put(any ? ", "u8 : nameAndColon);
                Put(section.Value(slot));
                any = true;
            }
        }

        return any;
    }

    /// <summary>Appends this hop to Via (RFC 9110 section 7.6.3).</summary>
    public void PutVia(MessageHead head, ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
        {
            throw new ArgumentException("A proxy has a name in Via.", nameof(name));
        }

        Put(PutList(head, KnownHeader.Via, "Via: "u8) ? ", "u8 : "Via: "u8);
        Put(head.Version switch
        {
            10 => "1.0 "u8,
            20 => "2.0 "u8,
            _ => "1.1 "u8,
        });
        Put(name);
        Put("\r\n"u8);
    }

    /// <summary>Writes the field that tells where the body ends; a length of -1: it is not told.</summary>
    public void PutFraming(BodyFraming framing, long contentLength)
    {
        if (framing == BodyFraming.Chunked)
        {
            Put("Transfer-Encoding: chunked\r\n"u8);
        }
        else if (contentLength >= 0)
        {
            Put("Content-Length: "u8);
            Put(contentLength);
            Put("\r\n"u8);
        }
    }

    /// <summary>Writes whether a client's connection stays, where its version would not take that as said (RFC 9112 section 9.3).</summary>
    public void PutConnection(int clientVersion, bool keepAlive)
    {
        if (!keepAlive)
        {
            Put("Connection: close\r\n"u8);
        }
        else if (clientVersion < 11)
        {
            Put("Connection: keep-alive\r\n"u8);
        }
    }
}
