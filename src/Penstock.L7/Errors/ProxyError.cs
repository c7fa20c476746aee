// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Errors;

/// <summary>Why the proxy answered a request itself, or broke it off. <see cref="ProxyErrors"/> says what follows from each.</summary>
internal enum ProxyError : byte
{
    /// <summary>No error: an endpoint's answer went through whole, or a route responds or redirects.</summary>
    None,

    /// <summary>The codec rejected the request; its reason becomes the details.</summary>
    RequestRejected,

    /// <summary>The path climbs above the root, hides dot segments, or is badly percent-encoded.</summary>
    BadPath,

    /// <summary>OPTIONS or TRACE that may go no further (Max-Forwards: 0).</summary>
    MethodNotImplemented,

    /// <summary>CONNECT that no route takes.</summary>
    ConnectNotRouted,

    /// <summary>CONNECT with content, or for a protocol that cannot be carried to where its route leads.</summary>
    TunnelNotCarried,

    /// <summary>The head did not arrive in time.</summary>
    RequestHeaderTimeout,

    /// <summary>The body stopped arriving, or arrives below the least rate.</summary>
    RequestBodyTimeout,

    /// <summary>The body is longer than the listener allows.</summary>
    RequestBodyTooLarge,

    /// <summary>The client closed or half-closed in the middle of a request.</summary>
    RequestIncomplete,

    /// <summary>The client closed or reset its connection before the response was through.</summary>
    ClientClosed,

    /// <summary>The client stopped taking the response, or takes it below the least rate.</summary>
    ResponseNotTaken,

    /// <summary>The client's address holds as many connections as it may: closed without an answer.</summary>
    ClientConnectionLimit,

    /// <summary>The listener holds as many connections as it may: closed without an answer.</summary>
    ListenerConnectionLimit,

    /// <summary>No route matches.</summary>
    NoRoute,

    /// <summary>Routes match the host and path, none the method.</summary>
    MethodNotAllowed,

    /// <summary>Every cluster of the route has weight 0.</summary>
    NoTarget,

    /// <summary>The cluster has no endpoints: discovery has found none.</summary>
    NoEndpoint,

    /// <summary>The cluster has endpoints; none of them is ready.</summary>
    NoHealthyEndpoint,

    /// <summary>The endpoint's connections are all in use, and there may be no more.</summary>
    PoolExhausted,

    /// <summary>No descriptor was left for a connection to the endpoint.</summary>
    DescriptorsExhausted,

    /// <summary>The proxy is stopping.</summary>
    ShuttingDown,

    /// <summary>The whole request took longer than the route or the listener allows.</summary>
    RequestTimeout,

    /// <summary>gRPC: the call took longer than its client gives it.</summary>
    GrpcTimeout,

    /// <summary>A defect, or the operating system refused a resource.</summary>
    InternalError,

    /// <summary>The endpoint refused the connection.</summary>
    ConnectionRefused,

    /// <summary>The endpoint did not accept the connection in time.</summary>
    ConnectionTimeout,

    /// <summary>There is no way to the endpoint's address.</summary>
    EndpointUnreachable,

    /// <summary>The endpoint's certificate can't be verified, or is for another name.</summary>
    TlsCertificateError,

    /// <summary>The endpoint refused TLS with an alert.</summary>
    TlsAlertReceived,

    /// <summary>The endpoint does not speak TLS, or none that is allowed.</summary>
    TlsProtocolError,

    /// <summary>The endpoint closed or reset the connection before its response began.</summary>
    ConnectionTerminated,

    /// <summary>HTTP/2: the endpoint refused the request, and did nothing about it.</summary>
    StreamRefused,

    /// <summary>HTTP/2: the request's fields are more than the endpoint takes.</summary>
    EndpointHeadLimit,

    /// <summary>HTTP/2: a WebSocket was asked for, and the endpoint opens none.</summary>
    WebSocketNotTaken,

    /// <summary>HTTP/2: the endpoint reset the request's stream before its response began.</summary>
    StreamReset,

    /// <summary>HTTP/2: the endpoint broke the rules of the connection.</summary>
    StreamProtocolError,

    /// <summary>The endpoint stopped taking the request.</summary>
    ConnectionWriteTimeout,

    /// <summary>The response did not begin in time.</summary>
    ResponseTimeout,

    /// <summary>The response stopped in the middle for too long.</summary>
    ConnectionReadTimeout,

    /// <summary>The endpoint closed or reset the connection in the middle of its response.</summary>
    ResponseIncomplete,

    /// <summary>The response's head is larger than the pool's limits allow.</summary>
    ResponseHeaderTooLarge,

    /// <summary>The codec rejected the response; its reason becomes the details.</summary>
    ResponseRejected,

    /// <summary>The endpoint switched protocols unasked, or to another than was asked for.</summary>
    UpgradeFailed,

    /// <summary>The endpoint reset its end of a tunnel, or TLS ended there without saying so.</summary>
    TunnelReset,

    /// <summary>Mode tcp, and tunnels: nothing moved for too long, either way.</summary>
    StreamIdle,

    /// <summary>Mode tcp with sni: the ClientHello did not arrive in time.</summary>
    ClientHelloTimeout,
}
