// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Perf.L4;

/// <summary>What one way from the client to the server costs in the virtual machine, in instructions.</summary>
/// <param name="Name">The way.</param>
/// <param name="Connection">A TCP connection with a request and its answer.</param>
/// <param name="Packet">A UDP packet, one way.</param>
/// <param name="Program">The XDP program itself, a frame of those connections; null: there is none.</param>
internal sealed record GuestWay(string Name, GuestFigure Connection, GuestFigure Packet, double? Program);
