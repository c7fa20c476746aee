// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.L7.Errors;
using Penstock.L7.Http1;
using Penstock.L7.Runtime;
using Penstock.Model.L7;

namespace Penstock.L7.Explaining;

/// <summary>What becomes of a request's Upgrade: that is the endpoint's to say, and depends on what is spoken to it.</summary>
internal static class UpgradeOutcome
{
    private const int WebSocketKeyLength = 24;

    /// <summary>In a few words, to stand behind what else becomes of the request; empty: it has no Upgrade.</summary>
    public static string Of(CompiledRoute route, RequestHead head)
    {
        if (!head.Has(KnownHeader.Upgrade))
            return "";
        if (head.Upgrade.IsEmpty)
            return ", without its Upgrade: Connection does not list it, it asks for h2c, or it is malformed";
        var protocols = route.Targets.Zip(route.Route.Config.To)
            .Where(one => one.Second.Weight > 0)
            .Select(one => one.First.Config.Protocol)
            .Distinct()
            .Order()
            .Select(protocol => protocol == UpstreamProtocol.H2 ? Stream(head) : "a tunnel if the endpoint answers 101");
        return "; " + string.Join("; ", protocols);
    }

    private static string Stream(RequestHead head)
    {
        if (!OpensWebSocket(head))
            return "to endpoints of HTTP/2 without its Upgrade: it is no WebSocket with a key";
        var refused = ProxyErrors.Of(ProxyError.WebSocketNotTaken);
        return $"a stream if the endpoint of HTTP/2 opens WebSockets, else {refused.Status} {refused.Details}";
    }

    private static bool OpensWebSocket(RequestHead head) =>
        head.MethodKind == HttpMethodKind.Get
        && Ascii.EqualsIgnoreCase(head.Upgrade, "websocket"u8)
        && (head.Framing == BodyFraming.None || head.ContentLength == 0)
        && head.TryFind("sec-websocket-key"u8, out var key)
        && key.Length == WebSocketKeyLength;
}
