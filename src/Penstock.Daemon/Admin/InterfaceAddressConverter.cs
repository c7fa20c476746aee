// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Vrrp;

namespace Penstock.Daemon.Admin;

/// <summary>Interface addresses as <c>address/length</c>.</summary>
internal sealed class InterfaceAddressConverter() : TextConverter<InterfaceAddress>(value => value.ToString());
