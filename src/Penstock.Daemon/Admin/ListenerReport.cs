// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>One listener.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bind">Where it listens.</param>
/// <param name="Connections">Connections open.</param>
/// <param name="Requests">Requests since start.</param>
internal sealed record ListenerReport(string Name, string Bind, long Connections, long Requests);
