// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Commands;

/// <summary>How a command prints.</summary>
internal enum OutputFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>For programs; names in snake_case.</summary>
    Json,
}
