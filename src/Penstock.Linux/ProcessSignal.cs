// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux;

/// <summary>Signals by their numbers (signal(7)).</summary>
public enum ProcessSignal
{
    /// <summary>SIGHUP: daemons read their configuration again.</summary>
    HangUp = 1,

    /// <summary>SIGKILL: ends a process, stopped ones too.</summary>
    Kill = 9,

    /// <summary>SIGTERM: asks a process to end.</summary>
    Terminate = 15,
}
