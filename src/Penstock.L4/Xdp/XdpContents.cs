// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Xdp;

/// <summary>What the maps hold, as control wrote it.</summary>
/// <param name="Services">Services of one port.</param>
/// <param name="Ranges">Parts of ranges.</param>
/// <param name="Vips">Addresses.</param>
/// <param name="Backends">Backends in use, by id.</param>
/// <param name="Sources">Networks allowed and blocked.</param>
/// <param name="Overrides">Backends by service and client.</param>
/// <param name="QuicServers">Backends by service and QUIC server id.</param>
internal sealed record XdpContents(
    IReadOnlyCollection<KeyValuePair<Layout.ServiceKey, Layout.Service>> Services,
    IReadOnlyCollection<KeyValuePair<Layout.RangeKey, Layout.Service>> Ranges,
    IReadOnlyCollection<KeyValuePair<Layout.Address, Layout.Vip>> Vips,
    IReadOnlyDictionary<uint, Layout.Backend> Backends,
    IReadOnlyCollection<KeyValuePair<Layout.SourceKey, Layout.SourceVerdict>> Sources,
    IReadOnlyCollection<KeyValuePair<Layout.SourceKey, uint>> Overrides,
    IReadOnlyCollection<KeyValuePair<Layout.QuicKey, uint>> QuicServers);
