// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Linux;
using Penstock.Linux.Netlink;
using Penstock.Model.L4;

namespace Penstock.L4.Ipvs;

/// <summary>Backends that discovery has found and the kernel does not take, as it takes no broadcast address of its networks (ip_vs_ctl.c): they must not hinder what the configuration says.</summary>
internal static class IpvsLeftOut
{
    private const int Named = 3;

    /// <summary>Services whose backends are found.</summary>
    public static IReadOnlySet<IpvsServiceKey> Discovered(L4Config config) =>
        config.Services.Where(service => service.Discovery is not null).Select(service => IpvsPlanner.Key(service)).ToHashSet();

    /// <summary>Whether a change failed because the kernel does not take a backend that was found.</summary>
    /// <param name="command">The change.</param>
    /// <param name="outcome">How it went.</param>
    /// <param name="discovered">Services whose backends are found.</param>
    public static bool Is(IpvsCommand command, NetlinkOutcome outcome, IReadOnlySet<IpvsServiceKey> discovered) =>
        outcome.Error == Errno.EINVAL && command is { Kind: IpvsCommandKind.Add, Destination: not null } && discovered.Contains(command.Service.Key);

    /// <summary>Takes them out of what is wanted.</summary>
    /// <param name="config">The tier.</param>
    /// <param name="wanted">What is wanted.</param>
    /// <param name="refused">Changes that the kernel has refused.</param>
    /// <returns>What to tell of it, a line for each service.</returns>
    public static ImmutableArray<string> TakeOut(L4Config config, IpvsTable wanted, IReadOnlyList<IpvsCommand> refused)
    {
        if (refused.Count == 0)
            return [];
        var left = new Dictionary<IpvsServiceKey, List<string>>();
        foreach (var command in refused)
        {
            if (command.Destination is not { } destination)
                continue;
            wanted.Find(command.Service.Key)?.Destinations.Remove(destination.Key);
            if (!left.TryGetValue(command.Service.Key, out var names))
                left[command.Service.Key] = names = [];
            names.Add(destination.Key.ToString());
        }

        return [.. config.Services.SelectMany(service => left.TryGetValue(IpvsPlanner.Key(service), out var names) ? [Tell(service, names)] : Array.Empty<string>())];
    }

    private static string Tell(ServiceConfig service, List<string> names) =>
        $"service {service.Name}: the kernel refuses {string.Join(", ", names.Take(Named))}{(names.Count > Named ? $" and {names.Count - Named} more" : "")}: left out of what discovery found";
}
