// SPDX-License-Identifier: Apache-2.0
using System.IO.Pipelines;
using Penstock.L7.Errors;
using Penstock.L7.Http1;
using Penstock.L7.Transport;

namespace Penstock.L7.Upstream;

/// <summary>
/// The endpoint's side of one request: an HTTP/1.1 connection while the request lasts on it, or a stream of an HTTP/2 connection. Heads and the end of
/// a request are written and read in the version's own form; the pieces of bodies go through <see cref="Writer"/> and <see cref="Reader"/>.
/// </summary>
internal interface IEndpointStream
{
    /// <summary>The endpoint.</summary>
    EndpointPool Pool { get; }

    /// <summary>What the endpoint sends: heads, for <see cref="ReadHead"/>, then the body in the framing that <see cref="FramingOf"/> says.</summary>
    TransportReader Reader { get; }

    /// <summary>What the endpoint gets.</summary>
    TransportWriter Writer { get; }

    /// <summary>Whether the response breaks off where <see cref="Reader"/> ends.</summary>
    bool IsBroken { get; }

    /// <summary>Whether it frames bodies itself, and other requests go on over its connection.</summary>
    bool IsMultiplexed { get; }

    /// <summary>Whether its connection has carried requests before this one, and may have ended between them.</summary>
    bool IsReused { get; }

    /// <summary>Whether the endpoint has said that it did nothing about the request: it may be sent again, whatever its method.</summary>
    bool IsUnprocessed { get; }

    /// <summary>Whether it is so because the endpoint ends the connection in order, which is no failure of it.</summary>
    bool IsDismissed { get; }

    /// <summary>Whether it is so because others were before it, the last that the endpoint takes over the connection: there is work done each time, and it may be tried more often.</summary>
    bool IsOutrun { get; }

    /// <summary>Why no response comes, or no more of it; <see cref="ProxyError.None"/>: the endpoint is gone.</summary>
    ProxyError Failure { get; }

    /// <summary>The rule that the response breaks, with <see cref="ProxyError.ResponseRejected"/>.</summary>
    RejectReason Rejection { get; }

    /// <summary>Fields behind the response's body that did not come through <see cref="Reader"/>.</summary>
    TrailerSection? Trailers { get; }

    /// <summary>Whether its connection carries no request after this one, and the endpoint is to be told so.</summary>
    bool IsLast { get; }

    /// <summary>Whether the endpoint opens WebSockets over it: in HTTP/2, where it has said so (RFC 8441 section 3).</summary>
    bool TakesWebSockets { get; }

    /// <summary>A request begins.</summary>
    void Begin();

    /// <summary>Writes the head of the request.</summary>
    /// <returns>False when it is larger than the endpoint takes; the stream is of no use then.</returns>
    bool TryWriteHead(RequestHead head, in RequestForwarding forwarding);

    /// <summary>Writes what ends a request whose body is through.</summary>
    /// <param name="chunked">Whether its pieces were written as chunks.</param>
    /// <param name="trailers">Fields behind the body; null: none.</param>
    void WriteEnd(bool chunked, TrailerSection? trailers);

    /// <summary>Of a tunnel: nothing more goes to the endpoint, which may send on. A stream tells it so with the next flush.</summary>
    void EndSending();

    /// <summary>Takes the next head of a response off what was read, and advances the reader.</summary>
    /// <param name="head">Where it is put; may be another one afterwards.</param>
    /// <param name="read">What the reader gave.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="requestMethod">Of the request.</param>
    ParseStatus ReadHead(ref ResponseHead head, in ReadResult read, in HeadLimits limits, HttpMethodKind requestMethod);

    /// <summary>How the end of a response's body is found in what the reader gives.</summary>
    BodyFraming FramingOf(ResponseHead head);

    /// <summary>The request is over.</summary>
    /// <param name="reuse">Whether all went well both ways: its connection may carry another one.</param>
    void Settle(bool reuse);

    /// <summary>A defect: the endpoint must see that something broke.</summary>
    void Abort();
}
