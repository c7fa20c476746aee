// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Model.L7;

/// <summary>HTTP statuses from a least to a greatest one, both included: <c>200-399</c>, or one alone: <c>204</c>.</summary>
/// <param name="Min">Least status, 100 to 599.</param>
/// <param name="Max">Greatest status, at least <paramref name="Min"/>.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct StatusRange(int Min, int Max)
{
    /// <summary>Whether a status lies within.</summary>
    public bool Contains(int status) => status >= Min && status <= Max;

    /// <inheritdoc/>
    public override string ToString() => Min == Max ? $"{Min}" : $"{Min}-{Max}";
}
