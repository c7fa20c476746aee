// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L4;

namespace Penstock.Daemon.Admin;

/// <summary>Forwarding modes as the configuration writes them: <c>dsr-ipip</c>.</summary>
internal sealed class ForwardingConverter() : TextConverter<Forwarding>(value => value.Name());
