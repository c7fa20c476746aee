// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Globalization;
using System.Text;
using Penstock.L7.Http1;

namespace Penstock.Fuzz;

/// <summary>
/// Feeds the codec one stream that arrives in parts, and writes down what it made of it. Two replays of the same bytes must give the
/// same text, however the bytes arrived.
/// </summary>
internal sealed class Replay(Direction direction, HeadLimits limits)
{
    private readonly RequestHead _request = new();
    private readonly ResponseHead _response = new();
    private readonly ArrayBufferWriter<byte> _body = new();
    private ChunkedDecoder _chunks;
    private long _left;
    private Phase _phase;

    private enum Phase
    {
        Head,
        Length,
        Chunked,
        UntilClose,
        Done,
        Rejected,
    }

    /// <summary>The head of the request, when it was accepted.</summary>
    public RequestHead Request => _request;

    /// <summary>The head of the response, when it was accepted.</summary>
    public ResponseHead Response => _response;

    /// <summary>The body so far.</summary>
    public ReadOnlySpan<byte> Body => _body.WrittenSpan;

    /// <summary>The trailers, or null.</summary>
    public TrailerSection? Trailers => _chunks.Trailers;

    /// <summary>Whether a head was accepted.</summary>
    public bool HasHead { get; private set; }

    /// <summary>Whether a whole message was accepted.</summary>
    public bool IsWhole => _phase == Phase.Done;

    /// <summary>Why nothing more was read; none: nothing was rejected.</summary>
    public RejectReason Rejection { get; private set; }

    /// <summary>Bytes of the first message that were consumed.</summary>
    public int Consumed { get; private set; }

    /// <summary>The outcome in a line, as the corpus has it.</summary>
    public string Outcome => _phase switch
    {
        Phase.Rejected => $"reject {Rejection.Token()}",
        Phase.Done => string.Create(CultureInfo.InvariantCulture, $"done {(direction == Direction.Request ? _request.Framing : _response.Framing)} body={Body.Length} consumed={Consumed}"),
        Phase.UntilClose => string.Create(CultureInfo.InvariantCulture, $"open body={Body.Length}"),
        _ => "more",
    };

    /// <summary>Feeds bytes[..arrival] for each arrival in turn; the last is the whole.</summary>
    /// <param name="bytes">The stream.</param>
    /// <param name="arrivals">How much is there each time, ascending.</param>
    /// <param name="segmented">Whether each arrival is a segment of its own; else all lies in one piece.</param>
    /// <returns>What the codec made of it.</returns>
    public string Run(byte[] bytes, ReadOnlySpan<int> arrivals, bool segmented)
    {
        _request.Reset();
        _response.Reset();
        _body.ResetWrittenCount();
        _phase = Phase.Head;
        HasHead = false;
        Rejection = RejectReason.None;
        Consumed = 0;
        int[] cuts = new int[arrivals.Length];
        foreach (int arrival in arrivals)
        {
            for (int i = 0; i < cuts.Length; i++)
            {
                cuts[i] = arrivals[i] - Consumed;
            }

            ReadOnlySpan<byte> there = bytes.AsSpan(Consumed, arrival - Consumed);
            ReadOnlySequence<byte> input = Segments.Cut(there, segmented ? cuts : []);
            Feed(ref input);
            Consumed = arrival - (int)input.Length;
        }

        return Describe();
    }

    private void Feed(ref ReadOnlySequence<byte> input)
    {
        if (_phase == Phase.Head)
        {
            FeedHead(ref input);
        }

        switch (_phase)
        {
            case Phase.Length:
                long take = Math.Min(_left, input.Length);
                Take(input.Slice(0, take));
                input = input.Slice(take);
                _left -= take;
                _phase = _left == 0 ? Phase.Done : Phase.Length;
                break;
            case Phase.UntilClose:
                Take(input);
                input = input.Slice(input.End);
                break;
            case Phase.Chunked:
                FeedChunks(ref input);
                break;
        }
    }

    private void FeedHead(ref ReadOnlySequence<byte> input)
    {
        SequencePosition consumed, examined;
        ParseStatus status = direction == Direction.Request
            ? _request.Parse(input, limits, out consumed, out examined)
            : _response.Parse(input, limits, HttpMethodKind.Get, out consumed, out examined);
        MessageHead head = direction == Direction.Request ? _request : _response;
        if (status == ParseStatus.NeedMore)
        {
            if (!input.Slice(examined).IsEmpty || input.Slice(consumed).Length != input.Length)
            {
                throw new InvalidOperationException("NeedMore must consume nothing and examine all.");
            }

            return;
        }

        if (status == ParseStatus.Rejected)
        {
            Rejection = head.Rejection;
            _phase = Phase.Rejected;
            return;
        }

        HasHead = true;
        input = input.Slice(consumed);
        _left = head.ContentLength;
        _phase = head.Framing switch
        {
            BodyFraming.Length when _left > 0 => Phase.Length,
            BodyFraming.Chunked => Phase.Chunked,
            BodyFraming.UntilClose => Phase.UntilClose,
            _ => Phase.Done,
        };
        _chunks.Start(limits);
    }

    private void FeedChunks(ref ReadOnlySequence<byte> input)
    {
        ChunkStatus status;
        while ((status = _chunks.Read(ref input, out ReadOnlySequence<byte> data)) == ChunkStatus.Data)
        {
            Take(data);
        }

        if (status == ChunkStatus.Rejected)
        {
            Rejection = _chunks.Rejection;
            _phase = Phase.Rejected;
        }
        else if (status == ChunkStatus.Done)
        {
            _phase = Phase.Done;
        }
    }

    private void Take(in ReadOnlySequence<byte> data)
    {
        foreach (ReadOnlyMemory<byte> segment in data)
        {
            _body.Write(segment.Span);
        }
    }

    private string Describe()
    {
        var text = new StringBuilder();
        if (HasHead)
        {
            MessageHead head = direction == Direction.Request ? _request : _response;
            if (direction == Direction.Request)
            {
                text.Append(CultureInfo.InvariantCulture, $"{Latin(_request.Method)} {Latin(_request.Path)}|{Latin(_request.Query)} {_request.Form} host={Latin(_request.Host)} authority={Latin(_request.Authority)} expect={_request.ExpectContinue}\n");
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"{_response.Status} {Latin(_response.ReasonPhrase)}\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"version={head.Version} framing={head.Framing} length={head.ContentLength} keepalive={head.KeepAlive} upgrade={Latin(head.Upgrade)}\n");
            AppendFields(text, head);
            text.Append("body=").Append(Latin(Body)).Append('\n');
            if (Trailers is not null)
            {
                AppendFields(text, Trailers);
            }
        }

        // What a broken or unfinished message had consumed depends on where it was cut; what a whole one had does not.
        text.Append(CultureInfo.InvariantCulture, $"{_phase} {(IsWhole ? Consumed : -1)} {Rejection.Token()}");
        return text.ToString();
    }

    private static void AppendFields(StringBuilder text, FieldSection section)
    {
        for (int i = 0; i < section.FieldCount; i++)
        {
            HeaderField field = section.Field(i);
            text.Append(CultureInfo.InvariantCulture, $"{Latin(field.Name)}={Latin(field.Value)} {field.Id} {field.HopByHop}\n");
        }
    }

    private static string Latin(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
