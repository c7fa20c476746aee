// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Text.Json;
using Penstock.ControlPlane.Overrides;
using Penstock.Daemon.Admin;
using Penstock.Model.L4;

namespace Penstock.Daemon.Commands;

/// <summary>What <c>penstock drain</c>, <c>ready</c> and <c>maintenance</c> do for a service, backend, cluster or endpoint.</summary>
internal static class OverrideAction
{
    /// <summary>Gives it a state, and says what came of it.</summary>
    /// <param name="client">The daemon.</param>
    /// <param name="named">What it is.</param>
    /// <param name="state">The state; null: the configured one.</param>
    /// <param name="why">Why; empty: not said.</param>
    /// <param name="isJson">Whether programs read it.</param>
    /// <param name="parsed">The command line.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(AdminClient client, (OverrideKind Kind, string Target) named, BackendState? state, string why, bool isJson, ParseResult parsed)
    {
        var question = new OverrideQuestion(named.Kind, named.Target, state, Caller.Name, why);
        var outcome = await client.PostAsync(AdminPaths.Overrides + question.ToQuery(), AdminJson.Default.OverrideOutcome);
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        if (isJson) await output.WriteLineAsync(JsonSerializer.Serialize(outcome, AdminJson.Default.OverrideOutcome));
        else if (outcome.Ok) await output.WriteLineAsync($"OK: {outcome.Message}");
        if (!outcome.Ok) await error.WriteLineAsync($"penstock: {outcome.Message}");
        if (outcome.Warning is { } warning) await error.WriteLineAsync($"warning: {warning}");
        if (outcome.Trouble is not { } trouble)
            return outcome.Ok ? ExitCode.Ok : ExitCode.Failed;
        await error.WriteLineAsync($"penstock: it is recorded, and not in effect yet, which is tried again: {trouble}");
        return ExitCode.Unfinished;
    }
}
