// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>What goes to a backend a second.</summary>
/// <param name="Address">Its address, with a port where it has one of its own.</param>
/// <param name="State"><c>ready</c>, <c>drain</c>, <c>maintenance</c> or <c>down</c>.</param>
/// <param name="Connections">New flows.</param>
/// <param name="Packets">Packets.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="ReturnPackets">Packets from it to clients, as far as they come by here.</param>
/// <param name="ReturnBytes">Bytes of them.</param>
/// <param name="Reason">Why it is in this state; empty while it is ready from the start.</param>
internal sealed record BackendRates(string Address, string State, double Connections, double Packets, double Bytes, double ReturnPackets, double ReturnBytes, string Reason);
