// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.Daemon.Admin;

/// <summary>Networks as <c>address/length</c>.</summary>
internal sealed class NetworkConverter() : TextConverter<IPNetwork>(value => value.ToString());
