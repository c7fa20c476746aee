// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7;

/// <summary>One listener.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bind">Address it is bound to, with the port the kernel chose when 0 was asked for.</param>
/// <param name="Connections">Connections open.</param>
/// <param name="Requests">Requests finished since start.</param>
public sealed record ListenerStatus(string Name, string Bind, long Connections, long Requests);
