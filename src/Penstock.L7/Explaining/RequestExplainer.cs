// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text;
using Penstock.L7.Balancing;
using Penstock.L7.Errors;
using Penstock.L7.Http1;
using Penstock.L7.Routing;
using Penstock.L7.Runtime;
using Penstock.Model;
using Penstock.Model.L7;
using Algorithm = Penstock.Model.L7.Balancing;

namespace Penstock.L7.Explaining;

/// <summary>Goes a request's way through what is served, up to the choice of an endpoint, and says at each step what was chosen and why not the rest.</summary>
internal static class RequestExplainer
{
    private const string Forwarded = "forwarded";
    private const string Relayed = "its bytes are relayed";
    private const string Tunnelled = "200: a tunnel to an endpoint";

    private static readonly string[] s_algorithms = Tokens.Of<Algorithm>();

    /// <summary>Explains a request.</summary>
    /// <exception cref="FormatException">It is none: its URL, method or a field can't be sent.</exception>
    public static RequestExplanation Explain(CompiledSnapshot snapshot, RequestQuestion question)
    {
        if (AskedUrl.Parse(question.Url) is not { } url)
            throw new FormatException($"'{question.Url}' is no URL: http://HOST/PATH, https://HOST/PATH or a path");
        if (question.Headers.Append(question.Method).Append(question.Url).Any(text => text.AsSpan().ContainsAny('\r', '\n', '\0')))
            throw new FormatException("a method, a URL and a field are each a line");
        var choices = ListenerChooser.Choose(snapshot, IsConnect(question) ? url with { Scheme = null } : url, question.Listener); // Whom CONNECT names is not where it comes to.
        var blank = new RequestExplanation(
            Listener: "", Host: "", Path: "", Route: "", "no listener takes it", [.. choices.Select(choice => new ListenerChoice(choice.Listener.Config.Name, choice.Listener.Slot.BoundTo.ToString(), choice.WhyNot))], [], MoreRoutes: 0, []);
        if (choices.FirstOrDefault(choice => choice.WhyNot.Length == 0).Listener is not { } listener)
            return blank;
        var at = blank with { Listener = listener.Config.Name };
        return listener.Config.Mode == ListenerMode.Tcp ? ExplainStream(listener, url, at) : ExplainRequest(listener, Read(question, url, listener), url, at);
    }

    private static bool IsConnect(RequestQuestion question) => question.Method is "CONNECT";

    private static RequestHead Read(RequestQuestion question, in AskedUrl url, CompiledListener listener)
    {
        var target = IsConnect(question) && url.Authority.Length > 0 ? url.HostAndPort : url.Target;
        var lines = new StringBuilder($"{question.Method} {target} HTTP/1.1\r\n");
        if (url.Authority.Length > 0 && !question.Headers.Any(field => field.StartsWith("host:", StringComparison.OrdinalIgnoreCase)))
            lines.Append("Host: ").Append(url.Authority).Append("\r\n");
        foreach (var field in question.Headers)
            lines.Append(field).Append("\r\n");
        var head = new RequestHead();
        head.Parse(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(lines.Append("\r\n").ToString())), listener.HeadLimits, out _, out _);
        return head;
    }

    // Mode tcp: the name that a TLS client asks for is all that counts.
    private static RequestExplanation ExplainStream(CompiledListener listener, in AskedUrl url, RequestExplanation at)
    {
        var isTls = url.Scheme is "https";
        if (!isTls && !listener.Config.Sni.IsEmpty && listener.Config.NotTls == NotTls.Close)
            return at with { Answer = "closed: it begins with no TLS" };
        if (!isTls || listener.Config.Sni.IsEmpty)
            return Told(listener, listener.Fallback, [], [], [], at) with { Answer = Relayed };
        var name = Encoding.ASCII.GetBytes(url.Host.ToLowerInvariant());
        var route = listener.Match(name, path: default, method: default, out _) ?? listener.Fallback;
        return Told(listener, route, name, [], [], at) with { Answer = route is null ? "closed: no rule takes the name" : Relayed };
    }

    private static RequestExplanation ExplainRequest(CompiledListener listener, RequestHead head, in AskedUrl url, RequestExplanation at)
    {
        if (head.Rejection != RejectReason.None)
            return at with { Answer = $"{head.Rejection.Status()} {head.Rejection.Token()}: {ProxyErrors.Of(ProxyError.RequestRejected).Meaning}" };
        at = at with { Host = Encoding.UTF8.GetString(head.Host) };
        if (head.MethodKind == HttpMethodKind.Connect)
            return ExplainConnect(listener, head, at);
        if (head.MaxForwards == 0 && head.MethodKind is HttpMethodKind.Trace or HttpMethodKind.Options)
            return at with { Answer = Text(ProxyError.MethodNotImplemented) };
        if (listener.Config.Limits.BodyBytes is { } limit && head.Framing == BodyFraming.Length && head.ContentLength > limit)
            return at with { Answer = Text(ProxyError.RequestBodyTooLarge) };
        if (!new PathNormalizer().TryNormalize(head.Path, out var path))
            return at with { Answer = Text(ProxyError.BadPath) };
        var route = listener.Match(head.Host, path.Match, head.Method, out var error);
        at = Told(listener, route, head.Host.ToArray(), path.Match.ToArray(), head.Method.ToArray(), at with { Path = Encoding.UTF8.GetString(path.Match) });
        return at with { Answer = route is null ? Text(error) : Answer(listener, route, head, path, url, at) };
    }

    private static RequestExplanation ExplainConnect(CompiledListener listener, RequestHead head, RequestExplanation at)
    {
        if (head.ContentLength >= 0 || head.Framing != BodyFraming.None)
            return at with { Answer = Text(ProxyError.TunnelNotCarried) };
        var route = listener.MatchConnect(head.Host);
        at = Told(listener, route, head.Host.ToArray(), "*"u8.ToArray(), head.Method.ToArray(), at);
        return at with { Answer = route is null ? Text(ProxyError.ConnectNotRouted) : WhyNoCluster(route.Route, at) ?? Tunnelled };
    }

    private static string Answer(CompiledListener listener, CompiledRoute taken, RequestHead head, NormalPath path, in AskedUrl url, RequestExplanation at)
    {
        var route = taken.Route;
        var forward = Forward(route, path);
        if (route.Redirect is { } redirect)
        {
            var location = new byte[redirect.MaxLength(head.Authority.Length + forward.Length + head.Query.Length)];
            var scheme = listener.Tls is not null ? "https"u8 : "http"u8;
            return $"{redirect.Status} to {Encoding.UTF8.GetString(location.AsSpan(0, redirect.Write(scheme, head.Authority, forward, head.Query, location)))}";
        }

        if (route.Respond is { } respond)
            return $"{respond.Status} by the route itself";
        if (WhyNoCluster(route, at) is { } why)
            return why;
        var changed = !string.Equals(Encoding.UTF8.GetString(forward) + Encoding.UTF8.GetString(head.Query), url.Target, StringComparison.Ordinal);
        return (changed ? $"{Forwarded} as {Encoding.UTF8.GetString(forward)}{Encoding.UTF8.GetString(head.Query)}" : Forwarded) + UpgradeOutcome.Of(taken, head);
    }

    // Null: at least one can take it.
    private static string? WhyNoCluster(Route route, RequestExplanation at)
    {
        if (route.Config.To.All(to => to.Weight == 0))
            return Text(ProxyError.NoTarget);
        return at.Clusters.All(cluster => cluster.WhyNot.Length > 0) ? at.Clusters.First(cluster => cluster.Percent > 0).WhyNot : null;
    }

    private static byte[] Forward(Route route, NormalPath path)
    {
        if (route.Rewrite is not { } rewrite)
            return path.Forward.ToArray();
        var written = new byte[rewrite.MaxLength(path.Forward.Length)];
        return written[..rewrite.Write(path.Forward, written)];
    }

    private static RequestExplanation Told(CompiledListener listener, CompiledRoute? route, byte[] host, byte[] path, byte[] method, RequestExplanation at)
    {
        var routes = new RouteReasons(host, path, method).Of(listener.Rules, route?.Route);
        return at with
        {
            Host = Encoding.UTF8.GetString(host),
            Route = route?.Route.Name ?? "",
            Routes = routes,
            MoreRoutes = listener.Rules.Length - routes.Length,
            Clusters = route is null ? [] : [.. route.Targets.Zip(route.Route.Config.To, (cluster, to) => ClusterOf(cluster, to.Weight, route.Route.Config.To.Sum(one => (long)one.Weight)))],
        };
    }

    private static ClusterChoice ClusterOf(CompiledCluster cluster, int weight, long all)
    {
        var endpoints = cluster.Endpoints.Endpoints;
        var sum = endpoints.Where(EndpointSet.Takes).Sum(endpoint => (long)endpoint.Weight);
        var whyNot = weight == 0 ? "weight 0"
            : endpoints.IsEmpty ? Text(ProxyError.NoEndpoint)
            : sum == 0 ? Text(ProxyError.NoHealthyEndpoint)
            : "";
        return new ClusterChoice(
            cluster.Config.Name,
            all == 0 ? 0 : Percent(weight, all),
            s_algorithms[(int)cluster.Config.Balancing],
            whyNot,
            [.. endpoints.Select(endpoint => EndpointOf(endpoint, EndpointSet.Takes(endpoint) ? Percent(endpoint.Weight, sum) : 0, EndpointSet.Takes(endpoint)))]);
    }

    private static EndpointChoice EndpointOf(Endpoint endpoint, double percent, bool isEligible)
    {
        var state = endpoint.State.ToString().ToLowerInvariant();
        var whyNot = isEligible ? "" : endpoint.State == EndpointState.Ready ? "weight 0" : endpoint.Reason.Length > 0 ? endpoint.Reason : state;
        return new EndpointChoice(endpoint.Address.ToString(), state, endpoint.Weight, percent, whyNot);
    }

    private static double Percent(long part, long whole) => Math.Round(100.0 * part / whole, 1);

    private static string Text(ProxyError error)
    {
        var info = ProxyErrors.Of(error);
        return $"{info.Status} {info.Token}: {info.Meaning}";
    }
}
