// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.CommandLine.Help;

namespace Penstock.Daemon.Commands;

/// <summary>The <c>penstock</c> command line.</summary>
internal static class CommandLine
{
    /// <summary>Parses and runs.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var parsed = Build().Parse(args);
        if (UsageError.IsIn(parsed))
        {
            await error.WriteLineAsync("penstock: " + UsageError.Describe(parsed));
            return ExitCode.Usage;
        }

        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null, // run handles its signals itself
        };
        try
        {
            return await parsed.InvokeAsync(configuration);
        }
        catch (CommandException exception)
        {
            await error.WriteLineAsync("penstock: " + exception.Message);
            return exception.ExitCode;
        }
        catch (IOException exception)
        {
            return OutputFailed(exception, error);
        }
        catch (Exception exception)
        {
            // The catch-all of every command: a defect, which is one line and a code all the same.
            await error.WriteLineAsync($"penstock: a defect of penstock, please report it: {exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")} {Place(exception)}");
            return ExitCode.Failed;
        }
    }

    private static string Place(Exception exception) => string.Join(' ', (exception.StackTrace ?? "").Split('\n', StringSplitOptions.TrimEntries).Take(3));

    private static int OutputFailed(IOException exception, TextWriter error)
    {
        try
        {
            error.WriteLine("penstock: writing the output: " + exception.Message);
        }
        catch (IOException)
        {
            // Standard error has the same trouble: the exit code remains.
        }

        return ExitCode.Failed;
    }

    /// <summary>The command tree.</summary>
    internal static RootCommand Build()
    {
        var root = new RootCommand("Penstock, a load-balancer appliance: the daemon and the commands that talk to it.")
        {
            RunCommand.Build(),
            CheckCommand.Build(),
            DiffCommand.Build(),
            ReloadCommand.Build(),
            HistoryCommand.Build(),
            RollbackCommand.Build(),
            StatusCommand.Build(),
            TopCommand.Build(),
            DrainCommand.Build(),
            ReadyCommand.Build(),
            MaintenanceCommand.Build(),
            ExplainCommand.Build(),
            CaptureCommand.Build(),
            DetachCommand.Build(),
            DecapCommand.Build(),
            UnitCommand.Build("keepalived", "keepalived", "for each VRRP group"),
            UnitCommand.Build("bird", "BIRD", "where addresses are announced by BGP"),
            SchemaCommand.Build(),
            VersionCommand.Build(),
        };
        foreach (var option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction help } helpOption) helpOption.Action = new HelpWithExample(help);
        }

        return root;
    }
}
