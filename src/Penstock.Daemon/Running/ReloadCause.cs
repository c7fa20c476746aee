// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Running;

/// <summary>What has a configuration applied.</summary>
/// <param name="What">The occasion: <c>start</c>, <c>SIGHUP</c>, <c>changed files</c>, <c>the admin API</c>.</param>
/// <param name="By">Who asked; empty: not known.</param>
/// <param name="Why">Why; empty: not said.</param>
internal sealed record ReloadCause(string What, string By = "", string Why = "")
{
    /// <summary>That a daemon has started.</summary>
    public static ReloadCause Start { get; } = new("start");

    /// <summary>Whether it is that.</summary>
    public bool IsStart => ReferenceEquals(this, Start);
}
