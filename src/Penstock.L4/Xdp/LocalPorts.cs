// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>
/// Ports the kernel takes for connections of this host's own. Were nat to take one towards the same backend, the answer to the
/// host's connection, a health check, would go to a client.
/// </summary>
internal static class LocalPorts
{
    private const string Settings = "/proc/sys/net/ipv4/";

    /// <summary>Fails where nat and the kernel could take the same port of one address, though discovery may have found no backend yet.</summary>
    /// <param name="plan">The services.</param>
    /// <param name="ports">Those of nat.</param>
    /// <param name="host">The host.</param>
    /// <exception cref="L4ApplyException">They could.</exception>
    public static void RequireApart(IReadOnlyList<PlannedService> plan, PortRange ports, IHostNetwork host)
    {
        var sources = plan.Where(service => service.Value.Flags.HasFlag(Layout.ServiceFlags.Nat))
            .SelectMany(service => service.Backends.Select(backend => backend.Value.Source.ToIPAddress()).Concat(service.NatSources)).Distinct().ToArray();
        if (sources.Length == 0 || !File.Exists(Settings + "ip_local_port_range"))
            return;
        var local = File.ReadAllText(Settings + "ip_local_port_range").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var own = new PortRange(Number(local[0]), Number(local[1]));
        var shared = new PortRange(Math.Max(own.First, ports.First), Math.Min(own.Last, ports.Last));
        if (!own.Overlaps(ports) || Reserved().Any(range => range.First <= shared.First && shared.Last <= range.Last))
            return;
        var addresses = host.Addresses();
        foreach (var source in sources.Where(addresses.Contains))
        {
            throw new L4ApplyException(
                $"nat would take ports {shared} of {source}, which the kernel gives to this host's own connections (net.ipv4.ip_local_port_range {own}): set l4.nat.ports apart from them, or net.ipv4.ip_local_reserved_ports to {shared}, or a source that is no address of this host");
        }
    }

    private static IEnumerable<PortRange> Reserved() =>
        from range in File.ReadAllText(Settings + "ip_local_reserved_ports").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        select range.Split('-') into ends
        select new PortRange(Number(ends[0]), Number(ends[^1]));

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
