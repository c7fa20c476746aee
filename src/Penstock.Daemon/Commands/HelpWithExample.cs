// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Penstock.Daemon.Commands;

/// <summary>The library's help, then the command's example and the exit codes.</summary>
internal sealed class HelpWithExample(HelpAction help) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        help.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        if (parseResult.CommandResult.Command is ExampledCommand command) output.WriteLine($"Example:\n  {command.Example}\n");
        output.WriteLine("Exit codes:\n  0 done   1 failed or invalid   2 usage   3 no daemon answered   4 not done in time, and going on");
        return ExitCode.Ok;
    }
}
