// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.L7.Errors;

/// <summary>The catalogue of <see cref="ProxyError"/>s: one place that decides status, names and fault for the wire, the access log and metrics.</summary>
internal static class ProxyErrors
{
    private static readonly ProxyErrorInfo[] Catalogue = Build();

    /// <summary>Every error but <see cref="ProxyError.None"/>, in order of declaration.</summary>
    public static ImmutableArray<ProxyError> All { get; } = [.. Enum.GetValues<ProxyError>().Where(error => error != ProxyError.None)];

    /// <summary>What is said and done about an error.</summary>
    public static ProxyErrorInfo Of(ProxyError error) => Catalogue[(int)error];

    private static ProxyErrorInfo[] Build()
    {
        var catalogue = new ProxyErrorInfo[Enum.GetValues<ProxyError>().Length];
        foreach (ProxyError error in Enum.GetValues<ProxyError>())
        {
            catalogue[(int)error] = Describe(error);
        }

        return catalogue;
    }

    private static ProxyErrorInfo Describe(ProxyError error) => error switch
    {
        ProxyError.None => new("", "", Details: null, 0, Fault.Ours, ""),
        ProxyError.RequestRejected => Client("http_request_error", details: null, 400, "The request breaks RFC 9112, or RFC 9113 in HTTP/2; the details name the rule."),
        ProxyError.BadPath => Client("http_request_error", "bad_path", 400, "The path climbs above the root, hides dot segments, or is badly percent-encoded."),
        ProxyError.MethodNotImplemented => Client("http_request_error", "method_not_implemented", 501, "OPTIONS or TRACE that may go no further (Max-Forwards: 0)."),
        ProxyError.ConnectNotRouted => Client("http_request_error", "connect_not_routed", 501, "CONNECT for a host that no route with `connect` has."),
        ProxyError.TunnelNotCarried => Client("http_request_error", "tunnel_not_carried", 501, "CONNECT with content, or HTTP/2: CONNECT for another protocol than websocket, or where the route itself responds with success."),
        ProxyError.RequestHeaderTimeout => Client("http_request_error", "request_header_timeout", 408, "The head of the request did not arrive in time."),
        ProxyError.RequestBodyTimeout => Client("http_request_error", "request_body_timeout", 408, "The body of the request stopped arriving, or arrives below the least rate."),
        ProxyError.RequestBodyTooLarge => Client("http_request_error", "request_body_too_large", 413, "The body is longer than the listener allows."),
        ProxyError.RequestIncomplete => Client("http_request_error", "request_incomplete", 400, "The client stopped sending in the middle of a request."),
        ProxyError.ClientClosed => Client("http_request_error", "client_closed", 0, "The client closed its connection before the response was through."),
        ProxyError.ResponseNotTaken => Client("http_request_error", "response_not_taken", 0, "The client stopped taking the response, or takes it below the least rate."),
        ProxyError.ClientConnectionLimit => Client("http_request_denied", "client_connection_limit", 0, "The client's address holds as many connections as it may: this one was closed without an answer."),
        ProxyError.MethodNotAllowed => Client("http_request_denied", "method_not_allowed", 405, "Routes match the host and path, none the method."),
        ProxyError.NoRoute => Client("destination_not_found", "no_route", 404, "No route matches."),
        ProxyError.ListenerConnectionLimit => Ours("connection_limit_reached", "listener_connection_limit", 0, "The listener holds as many connections as it may: this one was closed without an answer."),
        ProxyError.NoTarget => Ours("proxy_configuration_error", "no_target", 503, "Every cluster of the route has weight 0."),
        ProxyError.NoEndpoint => Ours("destination_unavailable", "no_endpoint", 503, "The cluster has no endpoints: discovery has found none."),
        ProxyError.NoHealthyEndpoint => Upstream("destination_unavailable", "no_healthy_endpoint", 503, "The cluster has endpoints; none of them is ready."),
        ProxyError.PoolExhausted => Ours("connection_limit_reached", "pool_exhausted", 503, "The endpoint's connections are all in use, and there may be no more."),
        ProxyError.DescriptorsExhausted => Ours("connection_limit_reached", "descriptors_exhausted", 503, "The process or the host has no file descriptor left for a connection to the endpoint."),
        ProxyError.ShuttingDown => Ours("proxy_internal_error", "shutting_down", 503, "The proxy is stopping."),
        ProxyError.RequestTimeout => Upstream("http_response_timeout", "request_timeout", 504, "The whole request took longer than the route or the listener allows."),
        ProxyError.GrpcTimeout => Client("http_response_timeout", "grpc_timeout", 504, "gRPC: the call took longer than its client gives it with grpc-timeout."),
        ProxyError.InternalError => Ours("proxy_internal_error", details: null, 500, "A defect, or the operating system refused a resource."),
        ProxyError.ConnectionRefused => Upstream("connection_refused", details: null, 502, "The endpoint refused the connection."),
        ProxyError.ConnectionTimeout => Upstream("connection_timeout", details: null, 504, "The endpoint did not accept the connection in time."),
        ProxyError.EndpointUnreachable => Upstream("destination_ip_unroutable", details: null, 502, "There is no way to the endpoint's address."),
        ProxyError.TlsCertificateError => Upstream("tls_certificate_error", details: null, 502, "The endpoint's certificate can't be verified, or is for another name than is expected."),
        ProxyError.TlsAlertReceived => Upstream("tls_alert_received", details: null, 502, "The endpoint refused TLS with an alert: it wants a certificate, for one, or another name."),
        ProxyError.TlsProtocolError => Upstream("tls_protocol_error", details: null, 502, "The endpoint does not speak TLS, or no version or cipher that is allowed, or not HTTP/2 where `protocol: h2` asks for it."),
        ProxyError.ConnectionTerminated => Upstream("connection_terminated", details: null, 502, "The endpoint closed the connection before its response began."),
        ProxyError.StreamRefused => Upstream("destination_unavailable", "stream_refused", 503, "HTTP/2: the endpoint refused the request without doing anything about it (REFUSED_STREAM, GOAWAY), and so did those tried after it."),
        ProxyError.EndpointHeadLimit => Upstream("http_request_error", "endpoint_head_limit", 431, "HTTP/2: the request's fields are more than the endpoint takes (SETTINGS_MAX_HEADER_LIST_SIZE), and more than those tried after it take."),
        ProxyError.WebSocketNotTaken => Upstream("http_request_error", "websocket_not_taken", 501, "HTTP/2: a WebSocket, and the endpoint has not announced that it opens any (SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441), nor have those tried after it."),
        ProxyError.StreamReset => Upstream("connection_terminated", "stream_reset", 502, "HTTP/2: the endpoint reset the request's stream before its response began."),
        ProxyError.StreamProtocolError => Upstream("http_protocol_error", "stream_protocol_error", 502, "HTTP/2: the endpoint does not speak it, or breaks the rules of a connection or stream (RFC 9113); `penstock_upstream_http2_connections_broken_total` and `penstock_upstream_http2_resets_total` name them."),
        ProxyError.ConnectionWriteTimeout => Upstream("connection_write_timeout", details: null, 504, "The endpoint stopped taking the request."),
        ProxyError.ResponseTimeout => Upstream("http_response_timeout", details: null, 504, "The response did not begin in time."),
        ProxyError.ConnectionReadTimeout => Upstream("connection_read_timeout", details: null, 504, "The response stopped in the middle for too long."),
        ProxyError.ResponseIncomplete => Upstream("http_response_incomplete", details: null, 502, "The endpoint closed the connection in the middle of its response."),
        ProxyError.ResponseHeaderTooLarge => Upstream("http_response_header_section_size", details: null, 502, "The response's head is larger than the pool's limits allow."),
        ProxyError.ResponseRejected => Upstream("http_protocol_error", details: null, 502, "The response breaks RFC 9112, or RFC 9113 in HTTP/2; the details name the rule."),
        ProxyError.UpgradeFailed => Upstream("http_upgrade_failed", details: null, 502, "The endpoint switched protocols unasked, or to another than was asked for, or opens no WebSocket for a client of HTTP/2."),
        ProxyError.TunnelReset => Upstream("connection_terminated", "tunnel_reset", 502, "A tunnel of CONNECT or Upgrade: the endpoint reset its connection, or cut it off without the end that TLS has. The client has the status that opened the tunnel by then (101 or 2xx)."),
        ProxyError.StreamIdle => Client("connection_read_timeout", "idle_timeout", 0, "Mode tcp, and tunnels of CONNECT or Upgrade: nothing moved for longer than the cluster allows, either way."),
        ProxyError.ClientHelloTimeout => Client("tls_protocol_error", "client_hello_timeout", 0, "Mode tcp with sni: the TLS ClientHello did not arrive in time."),
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, message: null),
    };

    private static ProxyErrorInfo Client(string type, string? details, int status, string meaning) =>
        new(details ?? type, type, details, status, Fault.Client, meaning);

    private static ProxyErrorInfo Ours(string type, string? details, int status, string meaning) =>
        new(details ?? type, type, details, status, Fault.Ours, meaning);

    private static ProxyErrorInfo Upstream(string type, string? details, int status, string meaning) =>
        new(details ?? type, type, details, status, Fault.Upstream, meaning);
}
