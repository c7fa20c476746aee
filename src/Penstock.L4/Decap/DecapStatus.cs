// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.L4.Decap;

/// <summary>An interface that tunnels are taken apart on.</summary>
/// <param name="Interface">Its name.</param>
/// <param name="Mode"><c>native</c> or <c>generic</c>; <c>gone</c>: it no longer runs the program.</param>
/// <param name="ProgramId">The program's number in the kernel.</param>
/// <param name="Addresses">Where tunnels may end.</param>
/// <param name="GuePort">UDP port of GUE; 0: none.</param>
/// <param name="Packets">Packets taken out of a tunnel since it was attached.</param>
/// <param name="Bytes">Bytes of their frames, without the outer headers.</param>
public sealed record DecapStatus(string Interface, string Mode, long ProgramId, ImmutableArray<string> Addresses, int GuePort, long Packets, long Bytes);
