// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Running;

/// <summary>A file of a configuration that has run.</summary>
/// <param name="Path">Where it was.</param>
/// <param name="Content">What was in it.</param>
internal sealed record HistoryText(string Path, byte[] Content);
