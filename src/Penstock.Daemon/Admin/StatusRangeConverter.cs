// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L7;

namespace Penstock.Daemon.Admin;

/// <summary>Ranges of status codes as <c>200-399</c>.</summary>
internal sealed class StatusRangeConverter() : TextConverter<StatusRange>(value => value.ToString());
