// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.Daemon.Admin;

/// <summary>IP addresses as text.</summary>
internal sealed class HostAddressConverter() : TextConverter<IPAddress>(value => value.ToString());
