// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Ipvs;

/// <summary>Services with their destinations, in order: what is wanted, or what the kernel holds.</summary>
internal sealed class IpvsTable
{
    private readonly Dictionary<IpvsServiceKey, Entry> _entries = [];

    /// <summary>All of them.</summary>
    public IEnumerable<Entry> Services => _entries.Values;

    /// <summary>Destinations of all of them.</summary>
    public int DestinationCount => _entries.Values.Sum(entry => entry.Destinations.Count);

    /// <summary>Adds a service.</summary>
    public Entry Add(IpvsService service, IpvsCounters counters = default) => _entries[service.Key] = new Entry(service, counters);

    /// <summary>A service; null: it is not there.</summary>
    public Entry? Find(IpvsServiceKey key) => _entries.GetValueOrDefault(key);

    /// <summary>A service with its destinations.</summary>
    /// <param name="Service">The service.</param>
    /// <param name="Counters">Its counters, where they were read.</param>
    internal sealed record Entry(IpvsService Service, IpvsCounters Counters)
    {
        /// <summary>Its destinations.</summary>
        public Dictionary<IpvsDestinationKey, Held> Destinations { get; } = [];
    }

    /// <summary>A destination.</summary>
    /// <param name="Destination">The destination.</param>
    /// <param name="Counters">Its counters, where they were read.</param>
    internal sealed record Held(IpvsDestination Destination, IpvsCounters Counters);
}
