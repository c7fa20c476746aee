// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Xdp;

namespace Penstock.L4.Tests.Xdp;

/// <summary>A host with two interfaces, which both may be gone.</summary>
internal sealed class FakeHost : IHostNetwork, ILinkHops
{
    public IPAddress Local { get; set; } = IPAddress.Parse("10.0.0.254");

    public bool IsGone { get; set; }

    public int Mtu { get; set; } = 1500;

    public bool HasIpv6 { get; set; } = true;

    public HostInterface? Find(string name) => IsGone ? null : new HostInterface(
        name, name == "eth0" ? 2 : 3, Layout.Mac.Of(name == "eth0" ? "02:00:00:00:01:00" : "02:00:00:00:01:01"), name == "eth1" ? 1400 : Mtu,
        HasIpv6 ? [Local, IPAddress.Parse("2001:db8::fe")] : [Local]);

    public HostInterface? Find(int index) => index is 2 or 3 ? Find(index == 2 ? "eth0" : "eth1") : null;

    public Dictionary<IPAddress, LinkHop> Hops { get; } = [];

    public LinkHop Find(IPAddress address) => Hops[address];

    public IReadOnlySet<IPAddress> Addresses() => new HashSet<IPAddress> { Local };

    public IReadOnlyDictionary<int, uint> Carriers() => new Dictionary<int, uint>();

    public IReadOnlyList<IPAddress> Unresolved(IReadOnlyCollection<IPAddress> destinations) => [];

    public IPAddress? SourceFor(IPAddress destination) => null;

    public void Resolve(IPAddress destination)
    {
    }
}
