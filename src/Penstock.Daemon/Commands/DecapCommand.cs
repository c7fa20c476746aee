// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Net;
using System.Text.Json;
using Penstock.Daemon.Admin;
using Penstock.L4;
using Penstock.L4.Decap;
using Penstock.Model.L4;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock decap</c>.</summary>
internal static class DecapCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var device = new Option<string?>("--interface") { Description = "The interface that tunnelled packets come in by.", HelpName = "NAME" };
        var addresses = new Option<IPAddress[]>("--address")
        {
            Description = "Where tunnels may end; may be given again [default: every address of the interface].",
            HelpName = "ADDRESS",
            CustomParser = result => [.. result.Tokens.Select(token => Address(token.Value, result))],
        };
        var port = new Option<int>("--gue-port") { Description = "UDP port of GUE; 0: none.", HelpName = "PORT", DefaultValueFactory = _ => DecapRequest.DefaultGuePort }.Between(0, ushort.MaxValue);
        var attach = new Option<XdpAttach>("--attach") { Description = "Where XDP runs: native, in the driver, or generic.", HelpName = "native|generic" };
        var detach = new Option<bool>("--detach") { Description = "Take the program off the interface." };
        var show = new Option<bool>("--show") { Description = "Show what is attached, with counters." };
        var pins = new Option<string>("--pins") { Description = "Folder in a bpffs that state is pinned in.", HelpName = "PATH", DefaultValueFactory = _ => DecapRequest.DefaultPins };
        var program = new Option<string?>("--program") { Description = "The compiled program [default: bpf/decap.bpf.o beside the binary, else in /usr/lib/penstock].", HelpName = "FILE" };
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "decap",
            "On a real server: take the tunnels of dsr-ipip and dsr-gue apart in XDP, for hosts without ipip and fou. Runs on in the kernel when the command has ended. Takes root, or CAP_BPF and CAP_NET_ADMIN.",
            "penstock decap --interface eth0") { device, addresses, port, attach, detach, show, pins, program, format };
        command.Validators.Add(result =>
        {
            if (result.GetResult(device) is not { Implicit: false } && result.GetResult(show) is not { Implicit: false }) result.AddError("Option '--interface' is required");
        });
        command.SetAction(async (parsed, _) =>
        {
            var output = parsed.InvocationConfiguration.Output;
            try
            {
                if (parsed.GetValue(show))
                {
                    await WriteAsync([.. Decapsulation.Status(parsed.GetValue(pins)!)], parsed.GetValue(format), output); // has a default
                    return ExitCode.Ok;
                }

                var name = parsed.GetValue(device)!; // required, but for --show
                if (parsed.GetValue(detach))
                {
                    var folder = parsed.GetValue(pins)!; // has a default
                    var isDetached = Decapsulation.Detach(name, folder);
                    await output.WriteLineAsync(
                        parsed.GetValue(format) == OutputFormat.Json ? JsonSerializer.Serialize(new DetachReport(folder, isDetached ? [name] : []), AdminJson.Default.DetachReport)
                        : isDetached ? $"detached from {name}"
                        : $"nothing is attached to {name}");
                    return ExitCode.Ok;
                }

                var status = Decapsulation.Attach(new DecapRequest(name)
                {
                    Addresses = [.. parsed.GetValue(addresses) ?? []],
                    GuePort = parsed.GetValue(port),
                    Attach = parsed.GetValue(attach),
                    Pins = parsed.GetValue(pins)!, // has a default
                    Program = parsed.GetValue(program),
                });
                await WriteAsync([status], parsed.GetValue(format), output);
                return ExitCode.Ok;
            }
            catch (L4ApplyException error)
            {
                throw new CommandException(ExitCode.Failed, "decap: " + error.Message);
            }
        });
        return command;
    }

    private static async Task WriteAsync(DecapStatus[] interfaces, OutputFormat format, TextWriter output)
    {
        if (format == OutputFormat.Json)
        {
            await output.WriteLineAsync(JsonSerializer.Serialize(interfaces, AdminJson.Default.DecapStatusArray));
            return;
        }

        var table = new TextTable("INTERFACE", "MODE", "PROGRAM", "PACKETS", "BYTES", "GUE PORT", "TUNNELS TO");
        foreach (var one in interfaces)
            table.Add(one.Interface, one.Mode, one.ProgramId, one.Packets, one.Bytes, one.GuePort, string.Join(", ", one.Addresses));
        table.Write(output);
    }

    private static IPAddress Address(string text, System.CommandLine.Parsing.ArgumentResult result)
    {
        if (IPAddress.TryParse(text, out var address)) return address;
        result.AddError($"--address takes an IP address, not '{text}'");
        return IPAddress.None;
    }
}
