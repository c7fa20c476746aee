// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp;

/// <summary>The virtual routers that this daemon speaks for: each has one daemon of a host, whatever its folders, since keepaliveds of one host do not hear one another.</summary>
/// <param name="take">Takes one, given the run folder, its name, and what its holder does, for people; null: it is not to be had, and that is no reason to do without.</param>
internal sealed class RouterTurns(Func<string, string, string, IDisposable?> take) : IDisposable
{
    private readonly Dictionary<string, IDisposable> _taken = new(StringComparer.Ordinal);

    /// <summary>Takes those of instances, as far as they are not taken; what was not to be had is tried again.</summary>
    /// <param name="run">Folder of keepalived's run-time files.</param>
    /// <param name="instances">The instances.</param>
    /// <returns>Those whose routers this daemon has not had until now.</returns>
    /// <exception cref="AddressApplyException">Another daemon has one; some of the others may be taken then, until <see cref="Keep"/>.</exception>
    public IReadOnlyList<VrrpInstanceConfig> Take(string run, IEnumerable<VrrpInstanceConfig> instances)
    {
        VrrpInstanceConfig[] missing = [.. instances.Where(instance => !_taken.ContainsKey(Name(instance))).DistinctBy(Name, StringComparer.Ordinal)];
        foreach (var instance in missing)
        {
            if (take(run, Name(instance), $"speaks VRRP for router id {instance.RouterId} of {instance.Interface} ({instance.Name})") is { } taken)
                _taken.Add(Name(instance), taken);
        }

        return missing;
    }

    /// <summary>Lets all others go.</summary>
    public void Keep(IEnumerable<VrrpInstanceConfig> instances)
    {
        foreach (var name in _taken.Keys.Except(instances.Select(Name), StringComparer.Ordinal).ToArray())
        {
            _taken[name].Dispose();
            _ = _taken.Remove(name);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Keep([]);

    /// <summary>Name of an instance's virtual router.</summary>
    public static string Name(VrrpInstanceConfig instance) => Name(instance.Interface, instance.Family, instance.RouterId);

    /// <summary>Name of a virtual router, by the interface and the family of its adverts, and its id.</summary>
    public static string Name(string device, AddressFamily family, int routerId) =>
        $"penstock/vrrp/{device}/{(family == AddressFamily.InterNetworkV6 ? "ipv6" : "ipv4")}/{routerId}";
}
