// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using Penstock.Config.Schema;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock schema</c>.</summary>
internal static class SchemaCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var command = new ExampledCommand(
            "schema",
            "Print the JSON Schema of the configuration, for YAML editors.",
            "penstock schema > penstock.schema.json");
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.WriteLine(SchemaExporter.Export());
            return ExitCode.Ok;
        });
        return command;
    }
}
