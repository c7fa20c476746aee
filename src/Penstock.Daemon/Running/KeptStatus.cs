// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Running;

/// <summary>Where what runs comes from, and whether it stays.</summary>
/// <param name="Running">Its number in the history; null: it is not in it, not confirmed yet or not recorded.</param>
/// <param name="Held">Whether it runs in place of what the files say; null: it does not.</param>
/// <param name="Window">Whether it is to be confirmed; null: it is not.</param>
/// <param name="Trouble">Why it is not in the history; null: it is, or is not to be.</param>
internal sealed record KeptStatus(long? Running, HeldConfig? Held, ConfirmWindow? Window, string? Trouble)
{
    /// <summary>Of a daemon before its start.</summary>
    public static KeptStatus None { get; } = new(Running: null, Held: null, Window: null, Trouble: null);
}
