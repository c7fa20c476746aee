// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text;

namespace Penstock.L7.Http1;

/// <summary>
/// The trailer section of a chunked body, kept parsed. Fields that RFC 9110 section 6.5.1 forbids in trailers, because framing, routing,
/// authentication or processing hang on them, are marked as not to be forwarded.
/// </summary>
internal sealed partial class TrailerSection : FieldSection
{
    public TrailerSection()
        : base(hasStartLine: false)
    {
    }

    /// <inheritdoc cref="FieldSection.ParseSection"/>
    public ParseStatus Parse(in ReadOnlySequence<byte> input, in HeadLimits limits, out SequencePosition consumed, out SequencePosition examined) =>
        ParseSection(input, limits, out consumed, out examined);

    /// <inheritdoc/>
    protected override RejectReason ReadStartLine(ReadOnlySpan<byte> data, int start, int end) => RejectReason.None;

    /// <inheritdoc/>
    protected override RejectReason Complete()
    {
        for (int i = 0; i < FieldCount; i++)
        {
            if (IsForbidden(Slots[i].Id, Name(Slots[i])))
            {
                Drop(i);
            }
        }

        return RejectReason.None;
    }

    private static bool IsForbidden(KnownHeader id, ReadOnlySpan<byte> name)
    {
        if (id != KnownHeader.Other)
        {
            // All that the proxy knows is framing, routing, control or about who asks.
            return true;
        }

        ReadOnlySpan<string> forbidden =
        [
            "age", "cache-control", "content-encoding", "content-range", "expires", "pragma", "range", "retry-after",
            "set-cookie", "vary", "warning", "www-authenticate",
        ];
        foreach (string other in forbidden)
        {
            if (Ascii.EqualsIgnoreCase(name, other))
            {
                return true;
            }
        }

        return name.Length > 3 && Ascii.EqualsIgnoreCase(name[..3], "if-"u8);
    }
}
