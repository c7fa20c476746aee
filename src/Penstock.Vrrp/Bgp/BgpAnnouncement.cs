// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.Linux.Netlink;
using Penstock.Model;
using Penstock.Model.Bgp;

namespace Penstock.Vrrp.Bgp;

/// <summary>What a host announces, and by whom.</summary>
/// <param name="Config">The configuration it is of.</param>
/// <param name="Bgp">The part of it.</param>
/// <param name="Bird">BIRD.</param>
/// <param name="Local">The addresses on lo.</param>
internal sealed record BgpAnnouncement(ApplianceConfig Config, BgpConfig Bgp, IBird Bird, LocalAddresses Local)
{
    public BirdTemplate? Template { get; init; }

    public IReadOnlyDictionary<string, string> Passwords { get; init; } = ImmutableDictionary<string, string>.Empty;

    public ImmutableDictionary<IPAddress, ImmutableArray<string>> Health { get; init; } = ImmutableDictionary<IPAddress, ImmutableArray<string>>.Empty;

    /// <summary>BIRD has not taken it yet.</summary>
    public bool IsUntold { get; init; }

    public string Render(BgpPhase phase)
    {
        var announced = Bgp.Addresses.Select(one => one.Address).Where(address => phase != BgpPhase.Left && !Health.ContainsKey(address)).ToHashSet();
        return Template!.Render(Config.Node, Bgp, Passwords, announced, phase == BgpPhase.Leaving); // there from the first text on
    }

    public void TryKeep(ILogger logger) => Try(() => Local.Keep(Bgp.Addresses.Select(one => one.Address)), logger);

    public void TryStop(ILogger logger)
    {
        Try(Bird.Stop, logger);
        Try(() => Local.Keep([]), logger);
        Try(() => Directory.Delete(Config.Bird.Run, recursive: true), logger);
    }

    public static void Try(Action work, ILogger logger)
    {
        try
        {
            work();
        }
        catch (Exception error) when (error is AddressApplyException or IOException or UnauthorizedAccessException or NetlinkException)
        {
            logger.LogError("BGP: {Reason}", error.Message);
        }
    }
}
