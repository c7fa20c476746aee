// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Makes endpoints of what a source finds, ranked as its configuration says.</summary>
/// <param name="config">The source.</param>
/// <param name="isUdp">Whether its ports are those of UDP; else of TCP.</param>
internal sealed class EndpointForm(KubernetesDiscoveryConfig config, bool isUdp = false)
{
    /// <summary>Why an endpoint drains, where nothing more is known.</summary>
    public const string Ends = "Kubernetes ends it";

    /// <summary>Whether its ports are those of UDP; else of TCP.</summary>
    public bool IsUdp => isUdp;

    /// <summary>The protocol of its ports, for people.</summary>
    public string Protocol => isUdp ? "UDP" : "TCP";

    /// <summary>Makes one.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="port">Its port.</param>
    /// <param name="isReady">Whether it is ready; else it drains.</param>
    /// <param name="zone">Its zone; empty: not known.</param>
    /// <param name="weight">Its share.</param>
    /// <param name="why">Why it drains, where it is not ready.</param>
    public Endpoint Make(IPAddress address, int port, bool isReady, string zone, int weight, string why = Ends) =>
        new(SocketEndpoint.Ip(address, port), weight, isReady ? EndpointState.Ready : EndpointState.Drain, isReady ? "" : why) { Zone = zone, Priority = Rank(zone) };

    // A step for each priority, and half of one for another zone than the one preferred.
    private int Rank(string zone) => (config.Priority * 2) + (config.PreferZone is { } preferred && !string.Equals(preferred, zone, StringComparison.Ordinal) ? 1 : 0);
}
