// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.L7.Http1;

/// <summary>What requests and responses share beyond their fields: version, framing, and the options of Connection.</summary>
internal abstract class MessageHead : FieldSection
{
    /// <summary>Connection options one message may list; each costs a walk over the fields. No client is known to send more than five.</summary>
    private const int MaxConnectionOptions = 32;

    private ByteRange _upgradeValue;
    private bool _close;
    private bool _keepAlive;
    private bool _upgrade;

    protected MessageHead()
        : base(hasStartLine: true)
    {
    }

    /// <summary>10, 11 or 20.</summary>
    public int Version { get; protected set; }

    /// <summary>How the end of the body is found.</summary>
    public BodyFraming Framing { get; protected set; }

    /// <summary>Bytes of the body by Content-Length; -1: not told.</summary>
    public long ContentLength { get; private set; } = -1;

    /// <summary>Whether the sender keeps the connection open after this message (RFC 9112 section 9.3).</summary>
    public bool KeepAlive { get; protected set; }

    /// <summary>The protocols of Upgrade when Connection lists it; empty when not, in HTTP/1.0 (RFC 9110 section 7.8), and when h2c is among them.</summary>
    public ReadOnlySpan<byte> Upgrade => _upgradeValue.Of(Bytes);

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        ForgetContentLength(); // A head may be refused before it comes to that: what the one before it said is not its own.
        _upgradeValue = default;
    }

    /// <summary>The protocols that are asked for where no field does so.</summary>
    protected void AskFor(ByteRange protocols) => _upgradeValue = protocols;

    /// <summary>Reads Connection, Transfer-Encoding and Content-Length, each as if it were the only one.</summary>
    protected RejectReason ReadFraming()
    {
        _close = _keepAlive = _upgrade = false;
        _upgradeValue = default;
        ContentLength = -1;
        RejectReason reason = RejectReason.None;
        if (Has(KnownHeader.Connection))
        {
            reason = ReadConnection();
        }

        if (reason == RejectReason.None && TryGet(KnownHeader.ContentLength, out ReadOnlySpan<byte> length))
        {
            reason = KnownHeaders.Has(Repeated, KnownHeader.ContentLength)
                ? RejectReason.ContentLengthDuplicate
                : ContentLengthValue.Read(length, out long value) is var bad && bad == RejectReason.None ? SetLength(value) : bad;
        }

        if (reason == RejectReason.None && TryGet(KnownHeader.TransferEncoding, out ReadOnlySpan<byte> coding))
        {
            reason = Version == 10 ? RejectReason.TransferEncodingInHttp10
                : ContentLength >= 0 ? RejectReason.ContentLengthWithTransferEncoding
                : KnownHeaders.Has(Repeated, KnownHeader.TransferEncoding) ? RejectReason.TransferEncodingDuplicate
                : Ascii.EqualsIgnoreCase(coding, "chunked"u8) ? RejectReason.None
                : RejectReason.TransferEncodingUnsupported;
        }

        KeepAlive = !_close && (Version == 11 || _keepAlive);
        return reason;
    }

    /// <summary>Gives a Content-Length that means nothing here no effect.</summary>
    protected void ForgetContentLength() => ContentLength = -1;

    private RejectReason SetLength(long value)
    {
        ContentLength = value;
        return RejectReason.None;
    }

    private RejectReason ReadConnection()
    {
        int options = 0;
        for (int i = 0; i < FieldCount; i++)
        {
            if (Slots[i].Id != KnownHeader.Connection)
            {
                continue;
            }

            ReadOnlySpan<byte> rest = Value(Slots[i]);
            if (TryReadOption(rest))
            {
                continue;
            }

            while (!rest.IsEmpty)
            {
                ReadOnlySpan<byte> option = ListSyntax.Next(ref rest);
                if (option.IsEmpty)
                {
                    continue;
                }

                if (++options > MaxConnectionOptions || ByteScan.IndexOfAnyExcept(option, 0, AsciiSet.Token) != option.Length)
                {
                    return RejectReason.ConnectionMalformed;
                }

                if (!TryReadOption(option))
                {
                    DropNamed(option);
                }
            }
        }

        if (_upgrade && Version == 11 && Has(KnownHeader.Upgrade))
        {
            ReadUpgrade();
        }

        return RejectReason.None;
    }

    private bool TryReadOption(ReadOnlySpan<byte> option)
    {
        switch (option.Length)
        {
            case 5 when Ascii.EqualsIgnoreCase(option, "close"u8): return _close = true;
            case 7 when Ascii.EqualsIgnoreCase(option, "upgrade"u8): return _upgrade = true;
            case 10 when Ascii.EqualsIgnoreCase(option, "keep-alive"u8): return _keepAlive = true;
            default: return false;
        }
    }

    /// <summary>RFC 9110 section 7.6.1: an intermediary removes the fields that Connection names.</summary>
    private void DropNamed(ReadOnlySpan<byte> option)
    {
        if (KnownHeaders.Has(KnownHeaders.NotNameable, KnownHeaders.Find(option)))
        {
            return;
        }

        for (int i = 0; i < FieldCount; i++)
        {
            if (Ascii.EqualsIgnoreCase(Name(Slots[i]), option))
            {
                Drop(i);
            }
        }
    }

    private void ReadUpgrade()
    {
        if (KnownHeaders.Has(Repeated, KnownHeader.Upgrade) || !TryGet(KnownHeader.Upgrade, out ReadOnlySpan<byte> rest))
        {
            return;
        }

        while (!rest.IsEmpty)
        {
            ReadOnlySpan<byte> protocol = ListSyntax.Next(ref rest);
            ReadOnlySpan<byte> name = protocol[..ByteScan.IndexOfAnyExcept(protocol, 0, AsciiSet.Token)];
            bool version = name.Length < protocol.Length
                && protocol[name.Length] == (byte)'/'
                && name.Length + 1 < protocol.Length
                && ByteScan.IndexOfAnyExcept(protocol, name.Length + 1, AsciiSet.Token) == protocol.Length;
            if (name.IsEmpty || (name.Length < protocol.Length && !version) || Ascii.EqualsIgnoreCase(name, "h2c"u8))
            {
                return;
            }
        }

        _upgradeValue = ValueRange(KnownHeader.Upgrade);
    }
}
