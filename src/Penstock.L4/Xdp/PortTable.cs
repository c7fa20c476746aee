// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>
/// Which service has which ports in the maps. A key goes from one service to another by one write, and is removed when all that is to take its ports is there: no port that both
/// the services before and those after listen on is ever nobody's.
/// </summary>
/// <param name="maps">The maps.</param>
internal sealed class PortTable(IXdpMaps maps)
{
    private readonly Dictionary<PortKey, ServiceEntry> _owners = [];

    /// <summary>Takes over a key that was found.</summary>
    public void Adopt(PortKey key, ServiceEntry entry)
    {
        _owners[key] = entry;
        entry.Ports.Add(key);
    }

    /// <summary>Writes a service under all that it listens on, and under what it has besides until <see cref="Trim"/>: no key of it names what is about to go.</summary>
    public void Write(ServiceEntry entry, in Layout.Service value)
    {
        var isSame = entry.Written == value;
        var keys = PortKey.Cover(entry.Listen);
        var besides = entry.Ports.Except(keys).ToArray();
        entry.Written = null; // until all of them are
        foreach (var key in keys)
        {
            if (isSame && entry.Ports.Contains(key))
                continue;
            key.Write(maps, value);
            Take(key, entry);
        }

        foreach (var key in isSame ? [] : besides)
            key.Write(maps, value);
        (entry.Written, entry.HasPortsBesides) = (value, besides.Length > 0);
    }

    /// <summary>Removes what a service has besides what it listens on, when all services are written.</summary>
    public void Trim(ServiceEntry entry)
    {
        if (!entry.HasPortsBesides)
            return;
        foreach (var key in entry.Ports.Except(PortKey.Cover(entry.Listen)).ToArray())
            Delete(key, entry);
        entry.HasPortsBesides = false;
    }

    /// <summary>Removes all that a service has.</summary>
    public void Remove(ServiceEntry entry)
    {
        foreach (var key in entry.Ports.OrderBy(key => key.Ports.First).ToArray())
            Delete(key, entry);
    }

    /// <summary>Whether two listen on a port that is the same.</summary>
    public static bool Overlap(ServiceAddress one, ServiceAddress other) =>
        one.FirstPort <= other.LastPort && other.FirstPort <= one.LastPort && one.Protocol == other.Protocol && one.Address.Equals(other.Address);

    private void Take(PortKey key, ServiceEntry entry)
    {
        // Whoever had it is not as planned any more: it is looked at again where it is still, or once more, in a plan.
        if (_owners.TryGetValue(key, out var before) && before != entry)
        {
            before.Ports.Remove(key);
            before.Plan = null;
        }

        Adopt(key, entry);
    }

    private void Delete(PortKey key, ServiceEntry entry)
    {
        key.Delete(maps);
        _owners.Remove(key);
        entry.Ports.Remove(key);
    }
}
