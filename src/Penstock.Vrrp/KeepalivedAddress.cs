// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.Vrrp;

/// <summary>An address keepalived puts on an interface.</summary>
/// <param name="Interface">The interface's name.</param>
/// <param name="Address">The address.</param>
public sealed record KeepalivedAddress(string Interface, IPAddress Address);
