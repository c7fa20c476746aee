// SPDX-License-Identifier: Apache-2.0
using System.ComponentModel;
using System.Net;
using Penstock.Linux;
using Penstock.Linux.Bpf;
using Penstock.Linux.Netlink;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>Interfaces, and which backends are this host, as they were when services were put in place on them.</summary>
/// <param name="ingress">Those that run the program.</param>
/// <param name="egress">Others that frames for backends leave by.</param>
/// <param name="locals">Addresses of backends, and whether they were this host's.</param>
/// <param name="host">The host.</param>
internal sealed class InterfaceWatch(IReadOnlyList<HostInterface> ingress, IReadOnlyList<HostInterface> egress, IReadOnlyList<(IPAddress Address, bool IsLocal)> locals, IHostNetwork host)
{
    /// <summary>
    /// What a plan was made by. Backends of the proxy tier are this host, where their packets stay, or peers that they are sent to; this host's own address is the one whether an
    /// interface has it or not.
    /// </summary>
    public static InterfaceWatch Of(L4Config config, IPAddress? own, IReadOnlyList<PlannedService> plan, IReadOnlyList<HostInterface> ingress, Func<string, HostInterface> require, IHostNetwork host) => new(
        ingress,
        [.. config.Services.SelectMany(service => service.Backends).Select(backend => backend.Interface).OfType<string>().Distinct(StringComparer.Ordinal).Select(require)],
        [
            .. config.Services.Zip(plan)
                .Where(pair => pair.First is { Forwarding: Forwarding.L7, Backends.IsEmpty: false })
                .SelectMany(pair => pair.Second.Backends)
                .Where(backend => !backend.Address.Equals(own))
                .Select(backend => (backend.Address, backend.Value.Forwarding == Layout.ForwardingKind.Local)).Distinct(),
        ],
        host);

    /// <summary>
    /// Whether one is there that is another than it was, has another MTU or does not run the program, or a backend's address came to this host or left it.
    /// An interface that is gone has not changed yet.
    /// </summary>
    /// <param name="program">The program's number in the kernel.</param>
    public bool HaveChanged(uint program) =>
        ingress.Any(device => HasChanged(device, index => XdpAttachment.Query(index)?.ProgramId != program)) || egress.Any(device => HasChanged(device, _ => false)) || HaveMoved();

    private bool HaveMoved()
    {
        if (locals.Count == 0)
            return false;
        try
        {
            var addresses = host.Addresses();
            return locals.Any(one => addresses.Contains(one.Address) != one.IsLocal);
        }
        catch (NetlinkException)
        {
            return false; // Asked again soon.
        }
    }

    private static bool HasChanged(HostInterface device, Func<int, bool> isWithoutProgram)
    {
        try
        {
            var index = NetworkDevice.Index(device.Name);
            return index != 0 && (index != device.Index || NetworkDevice.Mtu(device.Name) != device.Mtu || isWithoutProgram(index));
        }
        catch (Exception error) when (error is BpfException or Win32Exception)
        {
            return false; // It went just now.
        }
    }
}
