// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Penstock.Daemon.Admin;
using Penstock.L7.Explaining;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock explain request</c>.</summary>
internal static class ExplainRequestCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var method = new Argument<string>("method") { Description = "Its method, such as GET.", HelpName = "METHOD" };
        var url = new Argument<string>("url") { Description = "http://HOST[:PORT]/PATH, https://..., or a path alone.", HelpName = "URL" };
        var headers = new Option<string[]>("--header", "-H") { Description = "A field of it; may be given again.", HelpName = "NAME:VALUE" };
        var listener = new Option<string?>("--listener") { Description = "The listener that it comes to, in place of the one at the URL's port.", HelpName = "NAME" };
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        headers.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => token.Value.IndexOf(':', StringComparison.Ordinal) < 1) is { } wrong)
                result.AddError($"--header takes NAME:VALUE, not '{wrong.Value}'");
        });
        var command = new ExampledCommand(
            "request",
            "Which listener, route, cluster and endpoints a request goes to, and why not the others: by the tables of the running daemon. Nothing is sent.",
            "penstock explain request GET https://shop.example.com/api/x -H 'content-length: 5'") { method, url, headers, listener, socket, config, format };
        command.SetAction(async (parsed, _) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var query = QueryFields.Write(("method", parsed.GetValue(method)!), ("url", parsed.GetValue(url)!), ("headers", string.Join('\n', parsed.GetValue(headers) ?? []))); // both are required
            if (parsed.GetValue(listener) is { } named) query += "&listener=" + Uri.EscapeDataString(named);
            var answer = await client.GetAsync(AdminPaths.ExplainRequest + query, AdminJson.Default.RequestExplanation);
            var output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(format) == OutputFormat.Json) await output.WriteLineAsync(JsonSerializer.Serialize(answer, AdminJson.Default.RequestExplanation));
            else Write(answer, output);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Write(RequestExplanation answer, TextWriter output)
    {
        foreach (var (label, text) in new[] { ("listener", answer.Listener), ("host", answer.Host), ("path", answer.Path), ("route", answer.Route), ("answer", answer.Answer) })
        {
            if (text.Length > 0) output.WriteLine($"{label,-9} {text}");
        }

        output.WriteLine();
        var listeners = new TextTable("LISTENER", "BIND", "WHY NOT");
        foreach (var one in answer.Listeners) listeners.Add(one.Name, one.Bind, one.WhyNot);
        listeners.Write(output);
        if (answer.Routes.Length > 0)
        {
            output.WriteLine();
            var routes = new TextTable("ROUTE", "MATCH", "WHY NOT");
            foreach (var one in answer.Routes) routes.Add(one.Name, one.Match, one.WhyNot);
            routes.Write(output);
            if (answer.MoreRoutes > 0) output.WriteLine($"and {answer.MoreRoutes} more");
        }

        if (answer.Clusters.Length == 0) return;
        output.WriteLine();
        var endpoints = new TextTable("CLUSTER", "SHARE", "ENDPOINT", "STATE", "WEIGHT", "SHARE", "WHY NOT");
        foreach (var cluster in answer.Clusters)
        {
            endpoints.Add(cluster.Name, Percent(cluster.Percent), cluster.Balancing, "", "", "", cluster.WhyNot);
            foreach (var endpoint in cluster.Endpoints)
                endpoints.Add("", "", "  -> " + endpoint.Address, endpoint.State, endpoint.Weight, Percent(endpoint.Percent), endpoint.WhyNot);
        }

        endpoints.Write(output);
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share:0.#}%");
}
