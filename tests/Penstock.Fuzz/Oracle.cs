// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text;
using Penstock.L7.Http1;

namespace Penstock.Fuzz;

/// <summary>What must hold of any bytes whatever that the codec is fed.</summary>
/// <param name="headBytes">The limit on a head, low enough that some streams exceed it.</param>
internal sealed class Oracle(int headBytes)
{
    private readonly Replay _replay = new(Direction.Request, new HeadLimits(1024, headBytes, 50));
    private readonly Replay _responses = new(Direction.Response, new HeadLimits(1024, headBytes, 50));
    private readonly Replay _again = new(Direction.Request, new HeadLimits(65536, 65536, 100));
    private readonly Replay _responsesAgain = new(Direction.Response, new HeadLimits(65536, 65536, 100));
    private readonly ArrayBufferWriter<byte> _written = new(16384);

    /// <summary>Heads that were accepted so far.</summary>
    public long Accepted { get; private set; }

    /// <summary>Whole messages, bodies included, that were accepted so far.</summary>
    public long Whole { get; private set; }

    /// <summary>Holds the codec to every invariant with one stream.</summary>
    /// <param name="direction">What the stream is read as.</param>
    /// <param name="bytes">The stream.</param>
    /// <param name="random">Chooses where it is cut, and how it is forwarded.</param>
    /// <returns>What does not hold; null: all does.</returns>
    public string? Check(Direction direction, byte[] bytes, Random random)
    {
        Replay replay = direction == Direction.Request ? _replay : _responses;
        string parts = replay.Run(bytes, Arrivals(bytes.Length, random), segmented: random.Next(2) == 0);
        string whole = replay.Run(bytes, [bytes.Length], segmented: false);
        if (!string.Equals(whole, parts, StringComparison.Ordinal))
        {
            return $"depends on how the bytes arrive:\n{whole}\n--- in parts:\n{parts}";
        }

        if (!replay.HasHead)
        {
            return null;
        }

        Accepted++;
        Whole += replay.IsWhole ? 1 : 0;
        return CompareWithReference(direction, bytes, replay)
            ?? (direction == Direction.Request ? RewriteRequest(replay, random) : RewriteResponse(replay, random));
    }

    private static int[] Arrivals(int length, Random random)
    {
        // A byte at a time now and then, where that does not take forever.
        bool single = length < 600 && random.Next(16) == 0;
        int parts = single ? length : random.Next(1, 5);
        int[] arrivals = new int[parts + 1];
        for (int i = 0; i < parts; i++)
        {
            arrivals[i] = single ? i : random.Next(length + 1);
        }

        arrivals[parts] = length;
        Array.Sort(arrivals);
        return arrivals;
    }

    private static string? CompareWithReference(Direction direction, byte[] bytes, Replay replay)
    {
        ReferenceMessage? reference = ReferenceParser.Read(direction, bytes);
        if (reference is null)
        {
            return "accepted a head that the reference refuses";
        }

        FieldSection head = direction == Direction.Request ? replay.Request : replay.Response;
        if (head.Length != reference.BodyStart || head.FieldCount != reference.Fields.Count)
        {
            return "the reference sees another head";
        }

        if (replay.IsWhole != reference.End >= 0 || (replay.IsWhole && (replay.Consumed != reference.End || !string.Equals(Latin(replay.Body), reference.Body, StringComparison.Ordinal))))
        {
            // Limits, and the RFC's rules on what a trailer may be, are not the reference's business.
            bool limited = replay.Rejection is RejectReason.ChunkOverhead or RejectReason.ChunkSizeOverflow or RejectReason.HeadTooLarge
                or RejectReason.TooManyFields or RejectReason.FieldNameTooLong;
            return limited ? null : $"the reference sees the body end at {reference.End}, the codec at {replay.Consumed}";
        }

        return null;
    }

    private string? RewriteRequest(Replay replay, Random random)
    {
        RequestHead head = replay.Request;
        bool upgrade = !head.Upgrade.IsEmpty && random.Next(2) == 0;
        var forwarding = new RequestForwarding
        {
            ClientAddress = "192.0.2.1"u8,
            Proto = "https"u8,
            OriginalHost = head.Authority,
            Host = head.Authority.IsEmpty ? "origin.test"u8 : default,
            PeerTrusted = random.Next(2) == 0,
            RequestId = "id-1"u8,
            ViaName = "penstock"u8,
            Framing = head.Framing,
            ContentLength = head.ContentLength,
            KeepAlive = random.Next(2) == 0,
            ExpectContinue = head.ExpectContinue,
            Upgrade = upgrade ? head.Upgrade : default,
        };
        if (head.Form == TargetForm.Authority)
        {
            // CONNECT is not forwarded.
            return null;
        }

        _written.ResetWrittenCount();
        int most = RequestWriter.MaxLength(head, forwarding);
        int written = RequestWriter.Write(_written, head, forwarding);
        string? finding = written > most ? "wrote more than MaxLength" : WriteBody(head, replay);
        if (finding is not null)
        {
            return finding;
        }

        string again = _again.Run(_written.WrittenSpan.ToArray(), [_written.WrittenCount], segmented: false);
        RequestHead copy = _again.Request;
        if (!_again.HasHead || _again.Consumed != _written.WrittenCount)
        {
            return $"what was written is not read again:\n{Latin(_written.WrittenSpan)}\n{again}";
        }

        bool same = copy.Method.SequenceEqual(head.Method) && copy.Path.SequenceEqual(head.Path) && copy.Query.SequenceEqual(head.Query)
            && (head.Host.IsEmpty || copy.Host.SequenceEqual(head.Host))
            && copy.Framing == head.Framing && copy.ContentLength == head.ContentLength && _again.Body.SequenceEqual(replay.Body)
            && (upgrade ? copy.Upgrade.SequenceEqual(head.Upgrade) : copy.Upgrade.IsEmpty);
        return !same ? $"what was written means something else:\n{Latin(_written.WrittenSpan)}"
            : CompareFields(head, copy) ?? CompareWithReference(Direction.Request, _written.WrittenSpan.ToArray(), _again);
    }

    private string? RewriteResponse(Replay replay, Random random)
    {
        ResponseHead head = replay.Response;
        var forwarding = new ResponseForwarding
        {
            ClientVersion = random.Next(2) == 0 ? 11 : 10,
            Framing = head.Framing,
            ContentLength = head.ContentLength,
            KeepAlive = random.Next(2) == 0,
            ViaName = "penstock"u8,
            Date = "Sun, 06 Nov 1994 08:49:37 GMT"u8,
            Upgrade = head.Status == 101 ? head.Upgrade : default,
        };
        _written.ResetWrittenCount();
        int most = ResponseWriter.MaxLength(head, forwarding);
        int written = head.IsInterim ? ResponseWriter.WriteInterim(_written, head, forwarding) : ResponseWriter.Write(_written, head, forwarding);
        string? finding = written > most ? "wrote more than MaxLength" : WriteBody(head, replay);
        if (finding is not null)
        {
            return finding;
        }

        string again = _responsesAgain.Run(_written.WrittenSpan.ToArray(), [_written.WrittenCount], segmented: false);
        ResponseHead copy = _responsesAgain.Response;
        if (!_responsesAgain.HasHead || _responsesAgain.Consumed != _written.WrittenCount)
        {
            return $"what was written is not read again:\n{Latin(_written.WrittenSpan)}\n{again}";
        }

        bool same = copy.Status == head.Status && copy.ReasonPhrase.SequenceEqual(head.ReasonPhrase)
            && copy.Framing == head.Framing && copy.ContentLength == head.ContentLength && _responsesAgain.Body.SequenceEqual(replay.Body);
        return !same ? $"what was written means something else:\n{Latin(_written.WrittenSpan)}"
            : CompareFields(head, copy) ?? CompareWithReference(Direction.Response, _written.WrittenSpan.ToArray(), _responsesAgain);
    }

    private string? WriteBody(MessageHead head, Replay replay)
    {
        if (head.Framing != BodyFraming.Chunked)
        {
            _written.Write(replay.Body);
            return null;
        }

        if (!replay.Body.IsEmpty)
        {
            _written.Advance(ChunkedEncoder.WriteHeader(_written.GetSpan(ChunkedEncoder.MaxHeaderLength), replay.Body.Length));
            _written.Write(replay.Body);
            _written.Write(ChunkedEncoder.DataEnd);
        }

        if (replay.IsWhole)
        {
            int most = ChunkedEncoder.MaxEndLength(replay.Trailers);
            int end = ChunkedEncoder.WriteEnd(_written.GetSpan(most), replay.Trailers);
            _written.Advance(end);
            return end > most ? "wrote more than MaxEndLength" : null;
        }

        return null;
    }

    /// <summary>End-to-end fields that nobody knows go through in order and untouched; nothing unknown comes in.</summary>
    private static string? CompareFields(FieldSection head, FieldSection copy)
    {
        string before = Unknown(head), after = Unknown(copy);
        return string.Equals(before, after, StringComparison.Ordinal) ? null : $"the fields are not the same:\n{before}\n--- written:\n{after}";
    }

    private static string Unknown(FieldSection section)
    {
        var text = new StringBuilder();
        for (int i = 0; i < section.FieldCount; i++)
        {
            HeaderField field = section.Field(i);
            if (field is { Id: KnownHeader.Other, HopByHop: false })
            {
                text.Append(Latin(field.Name)).Append(':').Append(Latin(field.Value)).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Latin(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
