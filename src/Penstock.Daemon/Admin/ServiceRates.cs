// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>What a service is sent a second.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Listen">What it listens on.</param>
/// <param name="Forwarding">How packets get to the backends.</param>
/// <param name="Connections">New flows.</param>
/// <param name="Packets">Packets, those that reached no backend too.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="ReturnPackets">Packets from its backends to clients, as far as they come by here.</param>
/// <param name="ReturnBytes">Bytes of them.</param>
/// <param name="Unserved">Packets that went to no backend and were not answered by a cookie.</param>
/// <param name="Backends">Its backends.</param>
internal sealed record ServiceRates(string Name, string Listen, string Forwarding, double Connections, double Packets, double Bytes, double ReturnPackets, double ReturnBytes, double Unserved, IReadOnlyList<BackendRates> Backends);
