// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L4;

namespace Penstock.Daemon.Admin;

/// <summary>Networks of clients as written: the network, or the path of their file.</summary>
internal sealed class SourceSetConverter() : TextConverter<SourceSet>(value => value.Text);
