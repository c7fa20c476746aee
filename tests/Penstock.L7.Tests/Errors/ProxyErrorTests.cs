// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.L7.Errors;

namespace Penstock.L7.Tests.Errors;

public sealed class ProxyErrorTests
{
    // RFC 9209 section 2.3, with the status each recommends; 0: "the most appropriate".
    private static readonly Dictionary<string, int> Registered = new(StringComparer.Ordinal)
    {
        ["destination_not_found"] = 500,
        ["destination_unavailable"] = 503,
        ["destination_ip_unroutable"] = 502,
        ["connection_refused"] = 502,
        ["connection_terminated"] = 502,
        ["connection_timeout"] = 504,
        ["connection_read_timeout"] = 504,
        ["connection_write_timeout"] = 504,
        ["connection_limit_reached"] = 503,
        ["tls_protocol_error"] = 502,
        ["tls_certificate_error"] = 502,
        ["tls_alert_received"] = 502,
        ["http_request_error"] = 0,
        ["http_request_denied"] = 403,
        ["http_response_incomplete"] = 502,
        ["http_response_header_section_size"] = 502,
        ["http_response_timeout"] = 504,
        ["http_upgrade_failed"] = 502,
        ["http_protocol_error"] = 502,
        ["tls_protocol_error"] = 502,
        ["proxy_internal_error"] = 500,
        ["proxy_configuration_error"] = 500,
    };

    [Fact]
    public void Catalogue_EveryError_HasAUniqueTokenOfLogSafeCharacters()
    {
        string[] tokens = [.. ProxyErrors.All.Select(error => ProxyErrors.Of(error).Token)];

        tokens.Distinct(StringComparer.Ordinal).Count().ShouldBe(tokens.Length);
        tokens.ShouldAllBe(token => token.Length > 0 && token.All(c => char.IsAsciiLetterLower(c) || c == '_'));
    }

    [Fact]
    public void Catalogue_EveryError_UsesARegisteredType()
    {
        foreach (ProxyError error in ProxyErrors.All)
        {
            Registered.ShouldContainKey(ProxyErrors.Of(error).Type);
        }
    }

    [Fact]
    public void Catalogue_UpstreamErrors_UseTheStatusTheRfcRecommends()
    {
        ProxyErrorInfo[] upstream = [.. ProxyErrors.All.Select(ProxyErrors.Of).Where(info => info.Fault == Fault.Upstream)];

        upstream.Length.ShouldBeGreaterThan(8);
        upstream.ShouldAllBe(info => Registered[info.Type] == 0 || info.Status == Registered[info.Type]);
    }

    [Fact]
    public void Catalogue_ClientErrors_AreFourHundredsOrNoAnswer()
    {
        foreach (ProxyErrorInfo info in ProxyErrors.All.Select(ProxyErrors.Of).Where(info => info.Fault == Fault.Client))
        {
            (info.Status is 0 or 501 or (>= 400 and < 500) || info.Token == "grpc_timeout").ShouldBeTrue(info.Token); // Of which gRPC makes a status of its own.
        }
    }

    [Theory]
    [InlineData("ConnectionRefused", "connection_refused", 502)]
    [InlineData("ConnectionTerminated", "connection_terminated", 502)]
    [InlineData("ResponseIncomplete", "http_response_incomplete", 502)]
    [InlineData("NoHealthyEndpoint", "no_healthy_endpoint", 503)]
    [InlineData("NoRoute", "no_route", 404)]
    [InlineData("ClientConnectionLimit", "client_connection_limit", 0)]
    [InlineData("ListenerConnectionLimit", "listener_connection_limit", 0)]
    public void Of_Error_GivesTokenAndStatus(string name, string token, int status)
    {
        ProxyErrorInfo info = ProxyErrors.Of(Enum.Parse<ProxyError>(name));

        info.Token.ShouldBe(token);
        info.Status.ShouldBe(status);
    }

    [Theory]
    [InlineData("lb1", "lb1; error=connection_refused")]
    [InlineData("lb1.example.com", "lb1.example.com; error=connection_refused")]
    [InlineData("1lb", "\"1lb\"; error=connection_refused")]
    [InlineData("the \"edge\" \\ one", "\"the \\\"edge\\\" \\\\ one\"; error=connection_refused")]
    [InlineData("köln\r\nX: y", "\"k?ln??X: y\"; error=connection_refused")]
    [InlineData("", "\"\"; error=connection_refused")]
    public void Value_NodeName_IsATokenOrAnEscapedString(string node, string expected) =>
        Encoding.Latin1.GetString(new ProxyStatusField(node).Value(ProxyError.ConnectionRefused)).ShouldBe(expected);

    [Fact]
    public void Value_ErrorWithDetails_CarriesThem() =>
        Encoding.Latin1.GetString(new ProxyStatusField("lb1").Value(ProxyError.NoRoute)).ShouldBe("lb1; error=destination_not_found; details=\"no_route\"");

    [Fact]
    public void Value_None_IsEmpty() => new ProxyStatusField("lb1").Value(ProxyError.None).IsEmpty.ShouldBeTrue();

    [Fact]
    public void Compose_CodecReason_BecomesTheDetails() =>
        Encoding.Latin1.GetString(new ProxyStatusField("lb1").Compose(ProxyError.RequestRejected, "bare_line_feed"))
            .ShouldBe("lb1; error=http_request_error; details=\"bare_line_feed\"");
}
