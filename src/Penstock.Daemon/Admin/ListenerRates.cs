// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>What comes to a listener.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bind">Where it listens.</param>
/// <param name="Connections">Connections open now.</param>
/// <param name="Requests">Requests a second.</param>
internal sealed record ListenerRates(string Name, string Bind, long Connections, double Requests);
