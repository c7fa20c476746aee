// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Peers;

/// <summary>Where a key that differs is set.</summary>
internal enum DifferenceKind
{
    /// <summary>On both hosts, to other values.</summary>
    Both,

    /// <summary>On this host alone: the other has not got it, or has its default.</summary>
    Here,

    /// <summary>On the other host alone.</summary>
    There,
}
