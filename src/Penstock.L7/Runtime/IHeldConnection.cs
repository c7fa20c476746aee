// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Runtime;

/// <summary>A client's connection that no HTTP is spoken on: not yet, or never.</summary>
internal interface IHeldConnection
{
    /// <summary>Where it was accepted.</summary>
    ListenerSlot Slot { get; }

    /// <summary>The proxy stops, or the listener goes: it may finish what it is at.</summary>
    void Drain();

    /// <summary>The time for stopping is over.</summary>
    void Cut();
}
