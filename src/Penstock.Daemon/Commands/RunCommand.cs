// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using Microsoft.Extensions.Logging;
using Penstock.Daemon.Logging;
using Penstock.Daemon.Running;
using Penstock.Daemon.Systemd;
using Penstock.Linux;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock run</c>.</summary>
internal static class RunCommand
{
    /// <summary>Least limit of open files. With fewer the runtime cannot open what it needs in the middle of a start, and ends the process with a trace.</summary>
    private const int LeastOpenFiles = 128;

    /// <summary>The command.</summary>
    public static Command Build()
    {
        var config = SharedOptions.Config();
        var socket = new Option<string?>("--socket", "-s") { Description = "Admin socket, in place of admin.socket of the configuration.", HelpName = "PATH" };
        var level = new Option<LogLevel>("--log-level")
        {
            Description = "Least severity that is logged: debug, information, warning or error.",
            HelpName = "LEVEL",
            DefaultValueFactory = _ => LogLevel.Information,
        }.AsWord();
        var command = new ExampledCommand(
            "run",
            "Run the daemon until SIGTERM or SIGINT, which let requests in flight finish. SIGHUP reloads; SIGUSR1 reopens the access log.",
            "penstock run --config /etc/penstock/penstock.yaml") { config, socket, level };
        command.SetAction(async (parsed, _) =>
        {
            var error = parsed.InvocationConfiguration.Error;
            if (DescriptorReserve.Limit < LeastOpenFiles)
            {
                var reason = $"the limit of open files is {DescriptorReserve.Limit}; at least {LeastOpenFiles} are needed, and two for each request in flight (LimitNOFILE= of systemd, or ulimit -n)";
                return ServiceNotifier.IsAskedFor ? await RefusedStart.EndAsync(reason, error) : throw new CommandException(ExitCode.Failed, reason);
            }

            using var loggers = ConsoleLoggerFactory.ForStandardError(parsed.GetValue(level), TimeProvider.System);
            var source = new ConfigSource(parsed.GetValue(config)!, starts: true); // has a default
            return await new ApplianceHost(source, parsed.GetValue(socket), loggers, TimeProvider.System).RunAsync(error);
        });
        return command;
    }
}
