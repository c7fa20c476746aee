// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;

namespace Penstock.L4.Xdp;

/// <summary>Whether the kernel forwards from an interface: only there it tells next hops (Linux, bpf_fib_lookup: BPF_FIB_LKUP_RET_FWD_DISABLED).</summary>
internal static class KernelForwarding
{
    /// <summary>Interfaces and families that backends' next hops are asked for, and that the kernel does not forward from.</summary>
    /// <param name="plan">The services.</param>
    /// <param name="devices">Interfaces that packets come in by.</param>
    public static IReadOnlyList<(string Interface, AddressFamily Family)> Missing(IReadOnlyList<PlannedService> plan, IEnumerable<HostInterface> devices)
    {
        var families = Asked(plan).Select(address => address.AddressFamily).Distinct().ToArray();
        return [.. from device in devices from family in families where !Forwards(device.Name, family) select (device.Name, family)];
    }

    /// <summary>Fails where there is one for backends that the configuration names. For those that discovery finds it is told as long as it lasts: they come and go without anybody to refuse.</summary>
    /// <exception cref="L4ApplyException">There is.</exception>
    public static void Require(IReadOnlyList<PlannedService> plan, IEnumerable<HostInterface> devices)
    {
        if (Missing([.. plan.Where(service => !service.IsDiscovered)], devices) is [var first, ..])
            throw new L4ApplyException($"the kernel tells next hops only where it forwards: set {Setting(first)}=1, or next_hop: sender, or a mac for each backend");
    }

    /// <summary>Backends that packets from such interfaces do not get to.</summary>
    public static IEnumerable<IPAddress> Unreachable(IReadOnlyList<PlannedService> plan, IReadOnlyList<(string Interface, AddressFamily Family)> missing) =>
        Asked(plan).Where(address => missing.Any(one => one.Family == address.AddressFamily)).Distinct();

    /// <summary>A line for people about one.</summary>
    public static string Explain((string Interface, AddressFamily Family) missing) =>
        $"the kernel does not forward on {missing.Interface}, and tells no next hops for packets that come in there: they are dropped (no_route) until {Setting(missing)}=1";

    private static IEnumerable<IPAddress> Asked(IReadOnlyList<PlannedService> plan) =>
        plan.SelectMany(service => service.Backends).Where(backend => backend.Value.Flags.HasFlag(Layout.BackendFlags.Fib)).Select(backend => backend.Address);

    private static bool Forwards(string name, AddressFamily family)
    {
        try
        {
            return !File.ReadAllText($"/proc/sys/net/{Name(family)}/conf/{name}/forwarding").StartsWith('0');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return true; // The interface has gone, or the host has no such family: that is told elsewhere.
        }
    }

    private static string Setting((string Interface, AddressFamily Family) one) => $"net.{Name(one.Family)}.conf.{one.Interface}.forwarding";

    private static string Name(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? "ipv6" : "ipv4";
}
