// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.CommandLine.Parsing;
using Penstock.ControlPlane.Overrides;

namespace Penstock.Daemon.Commands;

/// <summary>The options of a command that takes something out or in, which name what. An option belongs to one command, so each command makes its own.</summary>
internal sealed class TargetOptions
{
    private readonly (OverrideKind Kind, Option<string?> Option)[] _parts =
    [
        (OverrideKind.Service, new Option<string?>("--service") { Description = "An L4 service: all of its backends that have no override of their own.", HelpName = "NAME" }),
        (OverrideKind.Backend, new Option<string?>("--backend") { Description = "A backend of an L4 service.", HelpName = "SERVICE/ADDRESS" }),
        (OverrideKind.Cluster, new Option<string?>("--cluster") { Description = "A cluster: all of its endpoints that have no override of their own.", HelpName = "NAME" }),
        (OverrideKind.Endpoint, new Option<string?>("--endpoint") { Description = "An endpoint of a cluster.", HelpName = "CLUSTER/ADDRESS" }),
    ];

    private readonly Option<string?> _why = SharedOptions.Why();
    private readonly Option<bool> _node = new("--node") { Description = "This host as a whole." };

    /// <summary>Gives them to a command, which has to have exactly one of them.</summary>
    /// <param name="command">The command.</param>
    /// <param name="ofNodeAlone">Options that only go with --node, which the command gets too.</param>
    public void AddTo(Command command, params Option[] ofNodeAlone)
    {
        Option[] targets = [_node, .. _parts.Select(part => part.Option)];
        foreach (var option in (Option[])[.. targets, .. ofNodeAlone])
            command.Add(option);
        command.Add(_why);
        command.Validators.Add(result =>
        {
            string[] given = [.. targets.Where(option => IsGiven(result, option)).Select(option => option.Name)];
            if (given.Length == 0)
                result.AddError($"one of {string.Join(", ", targets.Select(option => option.Name))} is required: it names what is taken");
            else if (given.Length > 1)
                result.AddError($"{given[0]} and {given[1]} can't be given together: a command is for one of them");
            else if (given[0] != _node.Name && Array.Find(ofNodeAlone, option => IsGiven(result, option)) is { } alone)
                result.AddError($"{alone.Name} goes with {_node.Name} alone");
        });
    }

    /// <summary>What is named; null: this host.</summary>
    public (OverrideKind Kind, string Target)? Named(ParseResult parsed)
    {
        foreach (var (kind, option) in _parts)
        {
            if (parsed.GetValue(option) is { } target)
                return (kind, target);
        }

        return null;
    }

    /// <summary>Why; empty: not said.</summary>
    public string Why(ParseResult parsed) => parsed.GetValue(_why) ?? "";

    private static bool IsGiven(CommandResult result, Option option) => result.GetResult(option) is { Implicit: false };
}
