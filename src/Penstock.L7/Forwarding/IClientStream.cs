// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Http1;
using Penstock.L7.Transport;

namespace Penstock.L7.Forwarding;

/// <summary>
/// The client's side of one <see cref="Exchange"/>: an HTTP/1.1 connection while a request lasts on it, or a stream of an HTTP/2 connection.
/// Heads and the end of a response are written in the version's own form; the pieces of its body go through <see cref="Writer"/>.
/// </summary>
internal interface IClientStream
{
    /// <summary>The connection it belongs to: who the client is, and where it was accepted.</summary>
    ClientConnection Connection { get; }

    /// <summary>The request's body, in the framing that the request's head says.</summary>
    TransportReader Reader { get; }

    /// <summary>What the client gets.</summary>
    TransportWriter Writer { get; }

    /// <summary>Whether nothing that is written reaches the client any more.</summary>
    bool IsBroken { get; }

    /// <summary>Whether the stream frames bodies itself, and other requests go on over its connection: then no body is read to its end to keep the connection.</summary>
    bool IsMultiplexed { get; }

    /// <summary>It ends although the client may still be sending a body.</summary>
    bool ClosesEarly { get; set; }

    /// <summary>Fields behind the request's body that did not come through <see cref="Reader"/>.</summary>
    TrailerSection? Trailers { get; }

    /// <summary>Writes an interim response (1xx).</summary>
    void WriteInterim(ResponseHead head, in ResponseForwarding forwarding);

    /// <summary>Writes the head of the response.</summary>
    void WriteHead(ResponseHead head, in ResponseForwarding forwarding);

    /// <summary>Writes a response of the proxy's own, whole.</summary>
    void WriteAnswer(in LocalAnswer answer);

    /// <summary>Writes what ends a response whose body is through.</summary>
    /// <param name="chunked">Whether its pieces were written as chunks.</param>
    /// <param name="trailers">Fields behind the body; null: none.</param>
    void WriteEnd(bool chunked, TrailerSection? trailers);

    /// <summary>Ends it so that the client sees that something broke.</summary>
    void Abort();
}
