// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Commands;

/// <summary>What of a cluster's endpoints or a service's backends is shown, so that a report stays one screen however many discovery finds.</summary>
internal static class Screenful
{
    /// <summary>Most of one cluster or service that are shown: what fits a screen with the rest.</summary>
    public const int Most = 40;

    /// <summary>Those that are shown: all, in their order, or where they are more than <see cref="Most"/>, those that want attention first.</summary>
    /// <typeparam name="T">An endpoint or backend.</typeparam>
    /// <param name="all">All of one cluster or service.</param>
    /// <param name="state">The state of one, as reports have it.</param>
    public static IEnumerable<T> Of<T>(IReadOnlyCollection<T> all, Func<T, string> state) => all.Count <= Most ? all : all.OrderBy(one => IsReady(state(one))).Take(Most);

    /// <summary>What is said of those that are not shown; null: all are.</summary>
    /// <typeparam name="T">An endpoint or backend.</typeparam>
    /// <param name="all">All of one cluster or service.</param>
    /// <param name="state">The state of one, as reports have it.</param>
    public static (string Count, string Ready)? Rest<T>(IReadOnlyCollection<T> all, Func<T, string> state) =>
        all.Count <= Most ? null : ($"and {all.Count - Most} more", $"{all.Count(one => IsReady(state(one)))} of all {all.Count} are ready; -o json has each");

    private static bool IsReady(string state) => string.Equals(state, "ready", StringComparison.Ordinal);
}
