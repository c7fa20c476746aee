// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Config;
using Penstock.ControlPlane;

namespace Penstock.Daemon.Running;

/// <summary>A configuration and the text that it was read from.</summary>
/// <param name="Loaded">What the text says.</param>
/// <param name="Files">The text.</param>
/// <param name="Number">Its number in the history; null: it is what the files say now.</param>
internal sealed record ReadConfig(LoadedConfig Loaded, ImmutableArray<ConfigFile> Files, long? Number = null);
