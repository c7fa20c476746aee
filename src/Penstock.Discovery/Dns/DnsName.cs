// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.Discovery.Dns;

/// <summary>Domain names on the wire (RFC 1035 section 3.1) and as text without the final dot.</summary>
internal static class DnsName
{
    /// <summary>Bytes of a name on the wire, root label included (RFC 1035 section 2.3.4).</summary>
    public const int MaxWireBytes = 255;

    private const int MaxLabelBytes = 63;
    private const int PointerMask = 0xC0;

    /// <summary>Writes a name.</summary>
    /// <param name="name">ASCII labels with dots between; a final dot may be there.</param>
    /// <param name="buffer">At least <see cref="MaxWireBytes"/>.</param>
    /// <param name="length">Bytes written.</param>
    /// <returns>False: empty or overlong labels, an overlong name, or characters other than ASCII.</returns>
    public static bool TryWrite(string name, Span<byte> buffer, out int length)
    {
        length = 0;
        foreach (var label in name.EndsWith('.') ? name[..^1].Split('.') : name.Split('.'))
        {
            if (label.Length is 0 or > MaxLabelBytes || !Ascii.IsValid(label) || length + label.Length + 2 > MaxWireBytes)
                return false;

            buffer[length] = (byte)label.Length;
            Encoding.ASCII.GetBytes(label, buffer[(length + 1)..]);
            length += label.Length + 1;
        }

        buffer[length++] = 0;
        return true;
    }

    /// <summary>Reads a name. Pointers must lead backwards, each further than the one before, so there is an end to them.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="position">Where the name begins; moved behind it.</param>
    /// <param name="name">The name, as Latin-1 text in lower case.</param>
    /// <returns>False: malformed.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, ref int position, out string name)
    {
        var text = new StringBuilder();
        var (at, end, barrier, bytes) = (position, -1, position, 1);
        name = "";
        while (at < message.Length)
        {
            int length = message[at];
            if (length == 0)
            {
                position = end >= 0 ? end : at + 1;
                name = text.ToString();
                return true;
            }

            if ((length & PointerMask) == PointerMask)
            {
                if (at + 1 >= message.Length)
                    return false;

                var target = ((length & ~PointerMask) << 8) | message[at + 1];
                if (target >= barrier)
                    return false;

                end = end >= 0 ? end : at + 2;
                at = barrier = target;
                continue;
            }

            bytes += length + 1;
            if ((length & PointerMask) != 0 || bytes > MaxWireBytes || at + 1 + length > message.Length)
                return false;

            var label = message.Slice(at + 1, length);
            if (label.Contains((byte)'.'))
                return false;

            text.Append(text.Length > 0 ? "." : "").Append(Encoding.Latin1.GetString(label).ToLowerInvariant());
            at += length + 1;
        }

        return false;
    }
}
