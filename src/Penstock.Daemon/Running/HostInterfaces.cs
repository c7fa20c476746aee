// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net.NetworkInformation;
using Penstock.Config;
using Penstock.Model.Vrrp;

namespace Penstock.Daemon.Running;

/// <summary>The interfaces of this network namespace, as they were when first asked for.</summary>
internal sealed class HostInterfaces : IHostInterfaces
{
    private readonly Lazy<Dictionary<string, NetworkInterface>> _found =
        new(() => NetworkInterface.GetAllNetworkInterfaces().ToDictionary(device => device.Name, StringComparer.Ordinal));

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Names() => _found.Value.Keys;

    /// <inheritdoc/>
    public IReadOnlyList<InterfaceAddress> Addresses(string name) =>
        _found.Value.TryGetValue(name, out var device)
            ? [.. device.GetIPProperties().UnicastAddresses.Select(unicast => new InterfaceAddress(unicast.Address, unicast.PrefixLength))]
            : [];

    /// <inheritdoc/>
    /// <remarks>The kernel goes by the higher one of all interfaces' and the interface's own.</remarks>
    public int? ArpAnnounce(string name)
    {
        try
        {
            return ((string[])["all", name]).Max(of => int.Parse(File.ReadAllText($"/proc/sys/net/ipv4/conf/{of}/arp_announce"), CultureInfo.InvariantCulture));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            return null;
        }
    }
}
