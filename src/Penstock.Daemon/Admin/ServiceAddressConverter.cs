// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L4;

namespace Penstock.Daemon.Admin;

/// <summary>Service addresses as text: <c>tcp://203.0.113.10:443</c>.</summary>
internal sealed class ServiceAddressConverter() : TextConverter<ServiceAddress>(value => value.ToString());
