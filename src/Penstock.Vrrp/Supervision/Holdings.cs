// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Penstock.Linux;
using Penstock.Linux.Netlink;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp.Supervision;

/// <summary>
/// What one keepalived may have put on the host. It is kept in a file as well, so that whoever comes after a daemon that was killed knows it, though the configuration may be
/// another by then.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="logger">Log.</param>
/// <param name="isAnothers">Whether another daemon of this host speaks for a virtual router, given its <see cref="RouterTurns.Name(VrrpInstanceConfig)"/>; null: none does.</param>
internal sealed class Holdings(string path, ILogger logger, Func<string, bool>? isAnothers = null)
{
    private const string Address = "address", Macvlan = "macvlan", Instance = "instance";

    /// <summary>Per instance.</summary>
    public ImmutableArray<KeepalivedInstance> Instances { get; private set; } = [];

    /// <summary>Reads the file; none, or lines that are none of ours: nothing.</summary>
    public void Load()
    {
        if (File.Exists(path))
            Instances = Parse(File.ReadAllLines(path));
    }

    /// <summary>Takes others.</summary>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void Save(ImmutableArray<KeepalivedInstance> instances)
    {
        Instances = instances;
        DurableFile.Write(path, Encoding.UTF8.GetBytes(string.Concat(Format(instances).Select(line => line + '\n'))));
    }

    /// <summary>Those of two times: what is left of the one, and what comes with the other.</summary>
    public static ImmutableArray<KeepalivedInstance> Union(ImmutableArray<KeepalivedInstance> one, ImmutableArray<KeepalivedInstance> other) =>
    [
        .. one.Concat(other).GroupBy(instance => instance.Name, StringComparer.Ordinal).Select(same => new KeepalivedInstance(
            same.Key,
            [.. same.SelectMany(instance => instance.Addresses).Distinct()],
            [.. same.SelectMany(instance => instance.Macvlans).Distinct(StringComparer.Ordinal)])),
    ];

    /// <summary>Takes all of it off the host, but what another daemon has since put there.</summary>
    /// <returns>What was there, for people.</returns>
    public IReadOnlyList<string> Release(InterfaceNetlink netlink) => Release(netlink, instance => Macvlans(netlink, instance));

    /// <summary>The same with macvlans from elsewhere: those of an instance that can't be asked for hinder nothing else.</summary>
    internal IReadOnlyList<string> Release(InterfaceNetlink netlink, Func<KeepalivedInstance, IReadOnlyList<string>> macvlans)
    {
        var released = new List<string>();
        (KeepalivedInstance Instance, IReadOnlyList<string> Macvlans)[] own = [.. Own().Select(instance => (instance, Try(() => macvlans(instance), [])))];
        foreach (var macvlan in own.SelectMany(one => one.Macvlans))
        {
            if (Try(() => netlink.RemoveMacvlan(macvlan), otherwise: false))
                released.Add(macvlan);
        }

        foreach (var (name, address) in Try(() => Present(netlink, own).ToArray(), []))
        {
            if (Try(() => netlink.Remove(address), otherwise: false))
                released.Add($"{address.Address}/{address.PrefixLength} of {name}");
        }

        return released;
    }

    /// <summary>Whether an instance's addresses are on the host: all of them, or none; null: some.</summary>
    /// <exception cref="NetlinkException">The kernel did not answer.</exception>
    public static bool? Has(InterfaceNetlink netlink, KeepalivedInstance instance)
    {
        var wanted = instance.Addresses.Select(address => address.Address).ToHashSet();
        var there = Present(netlink, [(instance, Macvlans(netlink, instance))]).Select(found => found.Address.Address).ToHashSet();
        return there.Count == 0 ? false : there.Count == wanted.Count ? true : null;
    }

    /// <summary>
    /// What may still be this keepalived's. A router that another daemon speaks for by now is not: it was refused as long as the daemon of this one lived, so that this one's keepalived ended before, and what is
    /// on the host is what the other one has put there.
    /// </summary>
    internal ImmutableArray<KeepalivedInstance> Own()
    {
        var own = ImmutableArray.CreateBuilder<KeepalivedInstance>();
        foreach (var instance in Instances)
        {
            var tokens = instance.Addresses.Where(one => AdvertToken.Is(one.Address)).ToLookup(IsAnothers);
            foreach (var token in tokens[true])
                logger.LogWarning("VRRP instance {Instance}: another penstock speaks for its router of {Interface} ({Token}) since: what it has there stays", instance.Name, token.Interface, token.Address);
            if (!tokens[true].Any())
                own.Add(instance);
            else if (tokens[false].Any()) // it has had several routers, one after the other
                own.Add(instance with { Addresses = instance.Addresses.RemoveAll(one => tokens[true].Contains(one) || (IsOn(tokens[true], one.Interface) && !IsOn(tokens[false], one.Interface))) });
        }

        return own.ToImmutable();
    }

    /// <summary>The macvlans of an instance that are there. One of that name on another interface is that of another router with the same id.</summary>
    /// <exception cref="NetlinkException">The kernel did not answer.</exception>
    internal static IReadOnlyList<string> Macvlans(InterfaceNetlink netlink, KeepalivedInstance instance)
    {
        string[] devices = [.. instance.Addresses.Where(one => AdvertToken.Is(one.Address)).Select(one => one.Interface).Distinct(StringComparer.Ordinal)];
        return
        [
            .. instance.Macvlans.Where(name => netlink.MacvlanLower(name) is { } lower
                && (devices is [] || devices.Any(device => NetworkDevice.Index(device) == lower || netlink.MacvlanLower(device) == lower))),
        ];
    }

    /// <summary>The file's lines: <c>INSTANCE instance</c>, <c>INSTANCE address INTERFACE ADDRESS</c>, <c>INSTANCE macvlan INTERFACE</c>.</summary>
    internal static IEnumerable<string> Format(ImmutableArray<KeepalivedInstance> instances) =>
        from instance in instances
        from line in (IEnumerable<string>)
        [
            $"{instance.Name} {Instance}",
            .. instance.Addresses.Select(address => $"{instance.Name} {Address} {address.Interface} {address.Address}"),
            .. instance.Macvlans.Select(macvlan => $"{instance.Name} {Macvlan} {macvlan}"),
        ]
        select line;

    /// <summary>Reads them.</summary>
    internal static ImmutableArray<KeepalivedInstance> Parse(IEnumerable<string> lines)
    {
        ImmutableArray<KeepalivedInstance> instances = [];
        foreach (var line in lines)
        {
            var words = line.Split(' ');
            KeepalivedInstance? read = words switch
            {
                [var name, Instance] => new KeepalivedInstance(name, [], []),
                [var name, Address, var device, var text] when IPAddress.TryParse(text, out var address) => new KeepalivedInstance(name, [new KeepalivedAddress(device, address)], []),
                [var name, Macvlan, var device] => new KeepalivedInstance(name, [], [device]),
                _ => null,
            };
            if (read is not null)
                instances = Union(instances, [read]);
        }

        return instances;
    }

    // On the interface they were meant for, or one that keepalived made for the instance.
    private static IEnumerable<(string Interface, AssignedAddress Address)> Present(InterfaceNetlink netlink, (KeepalivedInstance Instance, IReadOnlyList<string> Macvlans)[] instances)
    {
        var wanted = (
            from one in instances
            from address in one.Instance.Addresses
            from device in one.Macvlans.Append(address.Interface)
            select (device, address.Address)).ToHashSet();
        foreach (var found in netlink.Addresses())
        {
            if (NetworkDevice.Name(found.Interface) is { } device && wanted.Contains((device, found.Address)))
                yield return (device, found);
        }
    }

    private static bool IsOn(IEnumerable<KeepalivedAddress> tokens, string device) => tokens.Any(token => string.Equals(token.Interface, device, StringComparison.Ordinal));

    private bool IsAnothers(KeepalivedAddress token) => isAnothers is not null && isAnothers(RouterTurns.Name(token.Interface, token.Address.AddressFamily, token.Address.GetAddressBytes()[^1]));

    private T Try<T>(Func<T> step, T otherwise)
    {
        try
        {
            return step();
        }
        catch (NetlinkException error)
        {
            logger.LogError("what keepalived has left could not be removed: {Error}", error.Message);
            return otherwise;
        }
    }
}
