// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Commands;

/// <summary>Exit codes of every command.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>The command failed: an invalid configuration, a refused reload, a socket that could not be bound.</summary>
    public const int Failed = 1;

    /// <summary>The command line could not be understood.</summary>
    public const int Usage = 2;

    /// <summary>No daemon answered at the admin socket.</summary>
    public const int Unreachable = 3;

    /// <summary>What was asked for goes on, and was not done in the time given.</summary>
    public const int Unfinished = 4;
}
