// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Penstock.Config;
using Penstock.L4;
using Penstock.L4.Capture;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock capture</c>.</summary>
internal static class CaptureCommand
{
    private const string StandardOutput = "-";

    /// <summary>Least of a packet that is worth a look: an Ethernet header.</summary>
    private const int LeastBytes = 14;

    /// <summary>The command.</summary>
    public static Command Build()
    {
        var options = new Options();
        var command = new ExampledCommand(
            "capture",
            "Write packets of the L4 tier, as they came in, to a pcapng file, with a comment each: verdict, service, backend, reason. Works without the daemon. Takes root, or CAP_BPF and a way into the pins.",
            "penstock capture --reason no_backend --write - | tshark -r - -T fields -e frame.time -e ip.src -e frame.comment");
        options.AddTo(command);
        command.SetAction((parsed, _) => Task.FromResult(Run(options, parsed)));
        return command;
    }

    private static int Run(Options options, ParseResult parsed)
    {
        var path = parsed.GetValue(options.Write)!; // required
        if (path == StandardOutput && !Console.IsOutputRedirected)
            throw new CommandException(ExitCode.Failed, "a capture is not for a terminal: give --write a file, or pipe it into tshark -r -");
        var configPath = parsed.GetValue(options.Config);
        if (configPath is null && File.Exists(SharedOptions.DefaultConfigPath) && parsed.GetValue(options.Pins) is null)
            configPath = SharedOptions.DefaultConfigPath;
        var pins = PinsFolder.Path(parsed.GetValue(options.Pins), configPath);
        var names = NamesOf(configPath);
        var request = options.Request(parsed, names);
        try
        {
            return Write(path, pins, request, names, parsed.GetValue(options.Count), parsed.GetValue(options.Duration), parsed.InvocationConfiguration.Error);
        }
        catch (L4ApplyException error)
        {
            throw new CommandException(ExitCode.Failed, "capture: " + error.Message);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new CommandException(ExitCode.Failed, "capture: " + error.Message);
        }
    }

    // Names of services by what they listen on: the kernel knows only that.
    private static Dictionary<string, string> NamesOf(string? configPath) =>
        (configPath is null ? null : ConfigLoader.Load(configPath).Config)?.L4.Services.ToDictionary(service => service.Listen.ToString(), service => service.Name, StringComparer.Ordinal) ?? [];

    private static int Write(string path, string pins, CaptureRequest request, Dictionary<string, string> names, int most, TimeSpan? duration, TextWriter error)
    {
        using var ended = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        if (duration is { } patience) ended.CancelAfter(patience);

        var written = 0;
        PcapngWriter? file = null;
        using var capture = new PacketCapture(pins, request, Take);
        using var output = path == StandardOutput ? CaptureOutput.StandardOutput() : CaptureOutput.Create(path);
        file = new PcapngWriter(output);
        file.WriteHeader($"penstock {VersionCommand.Current}");
        foreach (var (index, name) in capture.Interfaces) file.WriteInterface(index, name, request.Bytes);
        output.Flush();
        error.WriteLine($"capturing on {string.Join(", ", capture.Interfaces.Select(device => device.Name))}");
        try
        {
            while (!ended.IsCancellationRequested)
            {
                capture.Poll();
                output.Flush();
                if (output.HasLostReader) ended.Cancel();
            }
        }
        catch (L4ApplyException gone)
        {
            error.WriteLine("penstock: capture: " + gone.Message);
        }

        capture.Stop();
        file.WriteStatistics(DateTimeOffset.UtcNow, capture.Matched, capture.Lost);
        output.Flush();
        if (output.HasLostReader) error.WriteLine("penstock: capture: the reader has left");
        error.WriteLine($"{written} packets written of {capture.Matched} that matched; {capture.Lost} lost because they came faster than they could be written");
        return ExitCode.Ok;

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            ended.Cancel();
        }

        void Take(CapturedPacket packet)
        {
            if (file is null || (most > 0 && written == most)) return;
            if (!file.Knows(packet.InterfaceIndex)) file.WriteInterface(packet.InterfaceIndex, packet.InterfaceIndex.ToString(CultureInfo.InvariantCulture), request.Bytes);
            file.WritePacket(packet.Time, packet.InterfaceIndex, packet.Length, packet.Data, Comment(packet, names));
            if (++written == most) ended.Cancel();
        }
    }

    private static string Comment(CapturedPacket packet, Dictionary<string, string> names)
    {
        var comment = $"verdict={packet.Verdict}";
        if (packet.Reason.Length > 0) comment += $" reason={packet.Reason}";
        if (packet.Service.Length > 0) comment += names.TryGetValue(packet.Service, out var name) ? $" service={name} listen={packet.Service}" : $" listen={packet.Service}";
        if (packet.Backend.Length > 0) comment += $" backend={packet.Backend} flow={(packet.IsKnownFlow ? "known" : "new")}";
        return comment;
    }

    private sealed class Options
    {
        public Option<string> Write { get; } = new("--write", "-w") { Description = "The file; - for standard output.", HelpName = "FILE", Required = true };

        public Option<int> Count { get; } = new Option<int>("--count") { Description = "End after so many packets.", HelpName = "N" }.Between(1);

        public Option<TimeSpan?> Duration { get; } = new Option<TimeSpan?>("--duration") { Description = "End after so long, such as 30s; a plain number is seconds.", HelpName = "DURATION" }.UpTo(TimeSpan.FromHours(1000));

        public Option<string?> Config { get; } = SharedOptions.ConfigOfDaemon();

        public Option<string?> Pins { get; } = SharedOptions.Pins();

        private Option<string?> Service { get; } = new("--service") { Description = "Only packets of this service: its name, or what it listens on.", HelpName = "SERVICE" };

        private Option<string?> Client { get; } = new("--client") { Description = "Only packets of this client, or of clients in this network.", HelpName = "ADDRESS[/BITS]" };

        private Option<string[]> Verdict { get; } = new("--verdict") { Description = "Only packets with this verdict; may be given again.", HelpName = string.Join('|', CaptureRequest.VerdictNames) };

        private Option<string[]> Reason { get; } = new("--reason") { Description = "Only packets dropped for this reason, named as in status and metrics; may be given again.", HelpName = "REASON" };

        private Option<int> OneIn { get; } = new Option<int>("--one-in") { Description = "One packet in so many of those that match.", HelpName = "N", DefaultValueFactory = _ => 1 }.Between(1);

        private Option<int> Bytes { get; } = new Option<int>("--snap-length") { Description = $"Bytes of each packet, at most {CaptureRequest.MostBytes}.", HelpName = "BYTES", DefaultValueFactory = _ => CaptureRequest.MostBytes }.Between(LeastBytes, CaptureRequest.MostBytes);

        public void AddTo(Command command)
        {
            Verdict.AcceptOnlyFromAmong([.. CaptureRequest.VerdictNames]);
            Reason.AcceptOnlyFromAmong([.. CaptureRequest.ReasonNames]);
            foreach (var option in (Option[])[Write, Service, Client, Verdict, Reason, OneIn, Bytes, Count, Duration, Pins, Config]) command.Options.Add(option);
        }

        public CaptureRequest Request(ParseResult parsed, Dictionary<string, string> names)
        {
            var service = parsed.GetValue(Service);
            return new CaptureRequest
            {
                Service = names.FirstOrDefault(pair => pair.Value == service).Key ?? Listening(service, names),
                Client = parsed.GetValue(Client) is { } client ? Network(client) : null,
                Verdicts = [.. parsed.GetValue(Verdict) ?? []],
                Reasons = [.. parsed.GetValue(Reason) ?? []],
                OneIn = parsed.GetValue(OneIn),
                Bytes = parsed.GetValue(Bytes),
            };
        }

        // What a service listens on, the kernel knows; a name, only a configuration file.
        private static string? Listening(string? service, Dictionary<string, string> names)
        {
            if (service is null || names.Count > 0 || service.Contains("://", StringComparison.Ordinal)) return service;
            throw new CommandException(ExitCode.Usage, $"--service {service}: no configuration file was read that has a service of this name: give --config, or what it listens on, such as tcp://203.0.113.10:443");
        }

        private static IPNetwork Network(string text)
        {
            if (IPAddress.TryParse(text, out var address)) return new IPNetwork(address, address.GetAddressBytes().Length * 8);
            if (!IPNetwork.TryParse(text, out var network)) throw new CommandException(ExitCode.Usage, $"--client takes an address or a network such as 198.51.100.0/24, not '{text}'");
            return IPAddress.Parse(text[..text.IndexOf('/', StringComparison.Ordinal)]).Equals(network.BaseAddress)
                ? network
                : throw new CommandException(ExitCode.Usage, $"--client takes a network without host bits, not '{text}': did you mean {network}?");
        }
    }
}
