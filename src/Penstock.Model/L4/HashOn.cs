// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>What of a packet chooses its slot in the Maglev table.</summary>
public enum HashOn
{
    /// <summary>Protocol, addresses and ports: each connection by itself.</summary>
    Flow,

    /// <summary>The client's address: all its connections go to one backend.</summary>
    Client,
}
