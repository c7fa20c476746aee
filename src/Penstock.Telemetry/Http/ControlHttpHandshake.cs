// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;

namespace Penstock.Telemetry.Http;

/// <summary>
/// Makes sure of a client before its first request is read, as TLS does. Throws <see cref="System.Security.Authentication.AuthenticationException"/> or
/// <see cref="IOException"/> for one that is refused.
/// </summary>
/// <param name="socket">The accepted socket; it stays the server's.</param>
/// <param name="cancellation">The time for it is up, or the server is being stopped.</param>
/// <returns>What requests are read from and answers written to; the server disposes it.</returns>
public delegate ValueTask<Stream> ControlHttpHandshake(Socket socket, CancellationToken cancellation);
