// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Text.Json;
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock explain</c>.</summary>
internal static class ExplainCommand
{
    /// <summary>The command.</summary>
    public static Command Build() => new("explain", "Say what would become of a packet or a request, and why.") { BuildPacket(), ExplainRequestCommand.Build() };

    private static ExampledCommand BuildPacket()
    {
        var source = new Option<string>("--src") { Description = "Where it comes from.", HelpName = "ADDRESS:PORT", Required = true };
        var destination = new Option<string>("--dst") { Description = "Where it goes.", HelpName = "ADDRESS:PORT", Required = true };
        var protocol = new Option<string>("--proto") { Description = "tcp or udp.", HelpName = "tcp|udp", DefaultValueFactory = _ => "tcp" };
        protocol.AcceptOnlyFromAmong("tcp", "udp");
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "packet",
            "Which L4 service a packet belongs to, which backend it goes to and why, and what the frame becomes: from the maps of the running program.",
            "penstock explain packet --src 198.51.100.7:40000 --dst 203.0.113.10:443 --proto tcp") { source, destination, protocol, socket, config, format };
        command.SetAction(async (parsed, _) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var query = QueryFields.Write(("src", parsed.GetValue(source)!), ("dst", parsed.GetValue(destination)!), ("proto", parsed.GetValue(protocol)!)); // required, or with a default
            var answer = await client.GetAsync(AdminPaths.ExplainPacket + query, AdminJson.Default.PacketExplanation);
            var output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(format) == OutputFormat.Json)
            {
                await output.WriteLineAsync(JsonSerializer.Serialize(answer, AdminJson.Default.PacketExplanation));
                return ExitCode.Ok;
            }

            foreach (var (label, text) in new[] { ("service", answer.Service), ("backend", answer.Backend), ("why", answer.Why), ("next hop", answer.NextHop), ("frame", answer.Becomes) })
            {
                if (text.Length > 0) await output.WriteLineAsync($"{label,-9} {text}");
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
