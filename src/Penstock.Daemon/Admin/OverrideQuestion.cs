// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.CodeAnalysis;
using Penstock.ControlPlane.Overrides;
using Penstock.Model.L4;

namespace Penstock.Daemon.Admin;

/// <summary>A state that somebody wants something to have.</summary>
/// <param name="Kind">What it is of.</param>
/// <param name="Target">Its name, such as <c>web</c> or <c>web/10.0.0.11</c>.</param>
/// <param name="State">The state; null: the one that the configuration says.</param>
/// <param name="By">Who wants it.</param>
/// <param name="Why">Why; empty: not said.</param>
internal sealed record OverrideQuestion(OverrideKind Kind, string Target, BackendState? State, string By, string Why)
{
    private const string Configured = "configured";

    /// <summary>As a query.</summary>
    public string ToQuery() => QueryFields.Write(
        ("kind", Word(Kind)), ("target", Target), ("state", State is { } state ? state.ToString().ToLowerInvariant() : Configured), ("by", By), ("why", Why));

    /// <summary>Reads one.</summary>
    public static bool TryParse(string query, [NotNullWhen(true)] out OverrideQuestion? question)
    {
        question = null;
        var fields = QueryFields.Parse(query);
        var (target, state, by, why) = (fields.GetValueOrDefault("target", ""), fields.GetValueOrDefault("state", ""), fields.GetValueOrDefault("by", ""), fields.GetValueOrDefault("why", ""));
        var kinds = Enum.GetValues<OverrideKind>();
        var kind = Array.FindIndex(kinds, one => Word(one) == fields.GetValueOrDefault("kind", ""));
        if (kind < 0 || target.Length == 0 || !QueryFields.IsLine(by) || !QueryFields.IsLine(why))
            return false;
        if (state is Configured)
        {
            question = new OverrideQuestion(kinds[kind], target, State: null, by, why);
            return true;
        }

        var states = Enum.GetValues<BackendState>();
        var known = Array.FindIndex(states, one => one.ToString().ToLowerInvariant() == state);
        if (known < 0)
            return false;
        question = new OverrideQuestion(kinds[kind], target, states[known], by, why);
        return true;
    }

    /// <summary>A kind as commands and people write it.</summary>
    public static string Word(OverrideKind kind) => kind.ToString().ToLowerInvariant();
}
