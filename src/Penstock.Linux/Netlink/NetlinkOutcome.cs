// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Netlink;

/// <summary>How a request went.</summary>
/// <param name="Error">The kernel's errno; <see cref="Errno.None"/>: it was done.</param>
/// <param name="Explanation">The kernel's own words about it (extended acknowledgement, Linux 4.12); empty: it had none.</param>
/// <param name="Interrupted">Whether a dump's objects changed meanwhile: it has to be asked for again.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct NetlinkOutcome(Errno Error, string Explanation, bool Interrupted)
{
    /// <summary>Whether it was done.</summary>
    public bool IsOk => Error == Errno.None;

    /// <inheritdoc/>
    public override string ToString() => Explanation.Length > 0 ? $"{Error} ({Explanation})" : $"{Error}";
}
