// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Peers;
using Penstock.Daemon.Running;
using Penstock.L4;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Admin;

/// <summary>What runs.</summary>
/// <param name="Node">Name of the node.</param>
/// <param name="Version">Version of the daemon.</param>
/// <param name="Pid">Its process.</param>
/// <param name="State"><c>running</c> or <c>draining</c>.</param>
/// <param name="UptimeSeconds">Since its start.</param>
/// <param name="Generation">Generation of the snapshot that new requests use.</param>
/// <param name="ConfigPath">Where the configuration was read.</param>
/// <param name="ConfigHash">Identifies the running configuration.</param>
/// <param name="Reactors">Number of reactors.</param>
/// <param name="LastReload">The last reload, good or bad; null before the first.</param>
/// <param name="Listeners">Listeners.</param>
/// <param name="Clusters">Clusters.</param>
/// <param name="L4">The L4 tier.</param>
/// <param name="Vrrp">VRRP instances.</param>
/// <param name="BgpNeighbors">Routers that addresses are announced to.</param>
/// <param name="BgpAddresses">Addresses that are announced.</param>
/// <param name="Peers">The other hosts.</param>
/// <param name="NodeState">Whether an operator has taken this host out, and what is left on it.</param>
/// <param name="Overrides">States that operators have given in place of the configuration's.</param>
/// <param name="Kept">Whether what runs is what the files say, and stays.</param>
/// <param name="Warnings">What asks for attention now.</param>
internal sealed record StatusReport(
    string Node,
    string Version,
    int Pid,
    string State,
    double UptimeSeconds,
    long Generation,
    string ConfigPath,
    string ConfigHash,
    int Reactors,
    ReloadReport? LastReload,
    IReadOnlyList<ListenerReport> Listeners,
    IReadOnlyList<ClusterReport> Clusters,
    L4Status L4,
    IReadOnlyList<VrrpInstanceStatus> Vrrp,
    IReadOnlyList<BgpNeighborStatus> BgpNeighbors,
    IReadOnlyList<BgpAddressStatus> BgpAddresses,
    IReadOnlyList<PeerStatus> Peers,
    NodeReport NodeState,
    IReadOnlyList<OverrideStatus> Overrides,
    KeptStatus Kept,
    IReadOnlyList<string> Warnings);
