// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4;

/// <summary>An interface that packets for services come in by.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Mode"><c>native</c> or <c>generic</c>; <c>gone</c>: it no longer runs the program.</param>
/// <param name="ProgramId">Number in the kernel of the program that it runs, be it somebody else's; 0: none.</param>
public sealed record InterfaceStatus(string Name, string Mode, long ProgramId)
{
    /// <summary>Where somebody else's program runs on it, as in <see cref="Mode"/>; null: none does.</summary>
    public string? ForeignMode { get; init; }
}
