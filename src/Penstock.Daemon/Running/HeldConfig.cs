// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Running;

/// <summary>That a configuration of the history runs in place of what the files say, until they say something else.</summary>
/// <param name="Number">Its number in the history.</param>
/// <param name="Since">Since when.</param>
/// <param name="By">Who asked for it; empty: not known.</param>
/// <param name="Why">Why; empty: not said.</param>
internal sealed record HeldConfig(long Number, DateTimeOffset Since, string By, string Why)
{
    /// <summary>Which text of the files it runs in place of (<see cref="ReadConfig.TextHash"/>): any other applies again; null: not known.</summary>
    public string? FilesHash { get; init; }
}
