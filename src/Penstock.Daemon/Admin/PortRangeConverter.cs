// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L4;

namespace Penstock.Daemon.Admin;

/// <summary>Ranges of ports as text: <c>1024-32767</c>.</summary>
internal sealed class PortRangeConverter() : TextConverter<PortRange>(value => value.ToString());
