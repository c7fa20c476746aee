// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Penstock.Linux;
using Penstock.Linux.Netlink;

namespace Penstock.Vrrp.Supervision;

/// <summary>
/// What one keepalived may have put on the host. It is kept in a file as well, so that whoever comes after a daemon that was killed knows it, though the configuration may be
/// another by then.
/// </summary>
internal sealed class Holdings(string path, ILogger logger)
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

    /// <summary>Takes all of it off the host.</summary>
    /// <returns>What was there, for people.</returns>
    public IReadOnlyList<string> Release(InterfaceNetlink netlink)
    {
        var released = new List<string>();
        foreach (var macvlan in Instances.SelectMany(instance => instance.Macvlans))
        {
            if (Try(() => netlink.RemoveMacvlan(macvlan)))
                released.Add(macvlan);
        }

        foreach (var (name, address) in Present(netlink, Instances))
        {
            if (Try(() => netlink.Remove(address)))
                released.Add($"{address.Address}/{address.PrefixLength} of {name}");
        }

        return released;
    }

    /// <summary>Whether an instance's addresses are on the host: all of them, or none; null: some.</summary>
    /// <exception cref="NetlinkException">The kernel did not answer.</exception>
    public static bool? Has(InterfaceNetlink netlink, KeepalivedInstance instance)
    {
        var wanted = instance.Addresses.Select(address => address.Address).ToHashSet();
        var there = Present(netlink, [instance]).Select(found => found.Address.Address).ToHashSet();
        return there.Count == 0 ? false : there.Count == wanted.Count ? true : null;
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
    private static IEnumerable<(string Interface, AssignedAddress Address)> Present(InterfaceNetlink netlink, ImmutableArray<KeepalivedInstance> instances)
    {
        var wanted = (
            from instance in instances
            from address in instance.Addresses
            from device in instance.Macvlans.Append(address.Interface)
            select (device, address.Address)).ToHashSet();
        foreach (var found in netlink.Addresses())
        {
            if (NetworkDevice.Name(found.Interface) is { } device && wanted.Contains((device, found.Address)))
                yield return (device, found);
        }
    }

    private bool Try(Func<bool> removal)
    {
        try
        {
            return removal();
        }
        catch (NetlinkException error)
        {
            logger.LogError("what keepalived has left could not be removed: {Error}", error.Message);
            return false;
        }
    }
}
