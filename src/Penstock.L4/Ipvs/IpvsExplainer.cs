// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Ipvs;

/// <summary>Says what would become of a packet.</summary>
internal static class IpvsExplainer
{
    /// <summary>Goes through services as they run, and the kernel's list of connections.</summary>
    /// <param name="snapshot">What runs.</param>
    /// <param name="from">The client.</param>
    /// <param name="to">Where it sends to.</param>
    /// <param name="protocol">Its protocol.</param>
    /// <param name="connections">The kernel's list.</param>
    public static PacketExplanation Explain(Snapshot snapshot, IPEndPoint from, IPEndPoint to, TransportProtocol protocol, string connections = IpvsConnections.List)
    {
        var services = snapshot.Config.L4.Services;
        var service = services.FirstOrDefault(one => Takes(one, to, protocol, one.Listen.IsOnePort)) ?? services.FirstOrDefault(one => Takes(one, to, protocol, true));
        if (service is null)
            return new PacketExplanation("", "", "no service listens there", "", "passed to this host's stack, unless it has a firewall mark");
        var becomes = $"sent by {service.Forwarding.Name()}";
        var unread = "";
        try
        {
            if (IpvsConnections.Find(File.ReadLines(connections), from, to, protocol) is { } known)
                return new PacketExplanation(service.Name, known.Backend.ToString(), $"the kernel knows the connection ({known.State})", "", becomes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            unread = $"; whether the kernel knows the connection can't be read: {error.Message}";
        }

        var ready = snapshot.Services.GetValueOrDefault(service.Name, []).Count(backend => backend.State == EndpointState.Ready && backend.Config.Weight > 0);
        var scheduler = (service.Ipvs?.Scheduler ?? IpvsScheduler.Mh).ToString().ToLowerInvariant();
        return ready == 0
            ? new PacketExplanation(service.Name, "", "no backend is ready" + unread, "", "answered with ICMP port unreachable")
            : new PacketExplanation(service.Name, "", $"a new connection: scheduler {scheduler} chooses among {ready} ready backends when it comes{unread}", "", becomes);
    }

    private static bool Takes(ServiceConfig service, IPEndPoint to, TransportProtocol protocol, bool isMeant) =>
        isMeant && service.Ipvs?.Mark is null && service.Listen.Protocol == protocol && service.Listen.Address.Equals(to.Address)
        && service.Listen.FirstPort <= to.Port && to.Port <= service.Listen.LastPort;
}
