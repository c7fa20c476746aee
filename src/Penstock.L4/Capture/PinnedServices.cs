// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Runtime.CompilerServices;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using Penstock.Model.L4;

namespace Penstock.L4.Capture;

/// <summary>What the pinned maps say of services and backends, whether or not a daemon runs.</summary>
/// <param name="pins">Where they are pinned.</param>
internal sealed class PinnedServices(PinTree pins) : IDisposable
{
    private readonly BpfMap _services = Open<Layout.ServiceKey, Layout.Service>(pins, "services");
    private readonly BpfMap _ranges = Open<Layout.RangeKey, Layout.Service>(pins, "service_ranges");
    private readonly BpfMap _backends = Open<uint, Layout.Backend>(pins, "backends");
    private Dictionary<uint, ServiceAddress>? _known;

    /// <summary>The id of the service that listens there.</summary>
    /// <exception cref="L4ApplyException">None does.</exception>
    public uint Id(string listen)
    {
        var known = Read();
        foreach (var (id, address) in known)
        {
            if (string.Equals(address.ToString(), listen, StringComparison.Ordinal))
                return id;
        }

        throw new L4ApplyException($"no service listens on {listen}; there are {string.Join(", ", known.Values)}");
    }

    /// <summary>What a service listens on; a service that has gone meanwhile is called by its number.</summary>
    public string Listen(uint id)
    {
        if (_known is null || !_known.ContainsKey(id))
            _known = Read();
        return _known.TryGetValue(id, out var listen) ? listen.ToString() : $"#{id}";
    }

    /// <summary>A backend's address; <c>local</c>: this host.</summary>
    public string Backend(uint id)
    {
        if (!_backends.TryLookup(id, out Layout.Backend backend) || backend.State == Layout.StateKind.Unused)
            return $"#{id}";
        var address = backend.Address.ToIPAddress();
        return backend.Forwarding switch
        {
            Layout.ForwardingKind.Local => "local",
            Layout.ForwardingKind.Nat or Layout.ForwardingKind.Gue when backend.Port > 0 => new IPEndPoint(address, backend.Port).ToString(),
            _ => address.ToString(),
        };
    }

    /// <summary>Ports and states of all backends, by their services and addresses.</summary>
    public ILookup<(ServiceAddress Listen, IPAddress Address), (int Port, Layout.StateKind State)> States()
    {
        var services = Read();
        return _backends.Entries<uint, Layout.Backend>()
            .Select(entry => entry.Value)
            .Where(backend => backend.State != Layout.StateKind.Unused && services.ContainsKey(backend.Service))
            .ToLookup(backend => (services[backend.Service], backend.Address.ToIPAddress()), backend => (backend.Port, backend.State));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _services.Dispose();
        _ranges.Dispose();
        _backends.Dispose();
    }

    /// <summary>Opens a pinned map.</summary>
    /// <exception cref="L4ApplyException">It is not there.</exception>
    public static BpfMap Open(PinTree pins, string name) =>
        BpfMap.OpenPinned(pins.Map(name)) ?? throw new L4ApplyException($"{pins.Map(name)} is not there: no L4 services run from {pins.Root}");

    // One that a daemon of another version has left may be of other types.
    private static BpfMap Open<TKey, TValue>(PinTree pins, string name)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        var map = Open(pins, name);
        if (map.Info.KeySize == Unsafe.SizeOf<TKey>() && map.Info.ValueSize == Unsafe.SizeOf<TValue>())
            return map;
        map.Dispose();
        throw new L4ApplyException($"{pins.Map(name)} has another layout than this version's: it is made anew by the daemon's next start");
    }

    private Dictionary<uint, ServiceAddress> Read()
    {
        var found = new Dictionary<uint, ServiceAddress>();
        foreach (var key in _services.Keys<Layout.ServiceKey>())
        {
            if (_services.TryLookup(key, out Layout.Service service))
                found[service.Id] = new ServiceAddress((TransportProtocol)key.Protocol, key.Address.ToIPAddress(), key.Port, key.Port);
        }

        // A range is in the map as the prefixes that cover it.
        foreach (var key in _ranges.Keys<Layout.RangeKey>())
        {
            if (!_ranges.TryLookup(key, out Layout.Service service))
                continue;
            var (first, last) = (key.Ports.First, key.Ports.First + (1 << (16 - key.Ports.Bits)) - 1);
            if (found.TryGetValue(service.Id, out var known))
                (first, last) = (Math.Min(first, known.FirstPort), Math.Max(last, known.LastPort));
            found[service.Id] = new ServiceAddress((TransportProtocol)key.Protocol, key.Address.ToIPAddress(), first, last);
        }

        return found;
    }
}
