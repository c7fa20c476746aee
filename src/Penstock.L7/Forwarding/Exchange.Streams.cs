// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Errors;
using Penstock.L7.Http1;

namespace Penstock.L7.Forwarding;

/// <content>What is different when the client's side is a stream of an HTTP/2 connection.</content>
internal sealed partial class Exchange
{
    /// <summary>The head has been filled from decoded fields: finds out where the request goes.</summary>
    /// <param name="ended">Whether no content follows.</param>
    internal ExchangeStep TakeDecodedHead(bool ended)
    {
        if (Request.Rejection != RejectReason.None)
            return RejectHead();
        return TakeHead(ended || Request.IsExtendedConnect || Request.MethodKind == HttpMethodKind.Connect ? BodyFraming.None : Request.Framing == BodyFraming.Length ? BodyFraming.Length : BodyFraming.UntilClose);
    }

    /// <summary>The client has broken the rules in the middle of the request: it gets no response, as its stream is reset.</summary>
    internal void Reject(RejectReason reason)
    {
        if (_interrupted == ProxyError.None)
            _rejection = reason;
        Interrupt(ProxyError.RequestRejected);
    }

    /// <summary>Whether the request is answered by a reset of its stream: it is malformed (RFC 9113 section 8.1.1).</summary>
    private bool IsMalformed => _client.IsMultiplexed && _error == ProxyError.RequestRejected && _rejection.Status() == 400 && _rejection != RejectReason.GrpcWebTextMalformed;
}
