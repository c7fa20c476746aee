// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Commands;

/// <summary>Who runs this command, as records name that one.</summary>
internal static class Caller
{
    /// <summary>The name: of who became root by sudo, the one before.</summary>
    public static string Name => Environment.GetEnvironmentVariable("SUDO_USER") is { Length: > 0 } before ? before : Environment.UserName;
}
