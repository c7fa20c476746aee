// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.Daemon.Admin;

/// <summary>Socket addresses as text.</summary>
internal sealed class SocketEndpointConverter() : TextConverter<SocketEndpoint>(value => value.ToString());
