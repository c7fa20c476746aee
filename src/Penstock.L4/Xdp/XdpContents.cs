// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Xdp;

/// <summary>What the maps hold, as control wrote it.</summary>
/// <param name="Services">Services of one port.</param>
/// <param name="Ranges">Parts of ranges.</param>
/// <param name="Vips">Addresses.</param>
/// <param name="Backends">Backends in use, by id.</param>
/// <param name="Sources">Networks allowed and blocked.</param>
internal sealed record XdpContents(
    IReadOnlyDictionary<Layout.ServiceKey, Layout.Service> Services,
    IReadOnlyDictionary<Layout.RangeKey, Layout.Service> Ranges,
    IReadOnlyDictionary<Layout.Address, Layout.Vip> Vips,
    IReadOnlyDictionary<uint, Layout.Backend> Backends,
    IReadOnlyDictionary<Layout.SourceKey, Layout.SourceVerdict> Sources);
