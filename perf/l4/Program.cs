// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using Penstock.Bpf.Tests;
using Penstock.L4.Xdp;
using Penstock.Perf.L4;
using static Penstock.Bpf.Tests.Wire;

if (Programs.Missing is { } missing)
{
    Console.Error.WriteLine($"perf-l4 {missing}");
    return 1;
}

const string Vip4 = "203.0.113.10", Vip6 = "2001:db8::10", Client4 = "198.51.100.7", Client6 = "2001:db8:1::7";
using var plane = new DataPlane(settings => settings with { FlowSets = 32768 });
plane.AddVip(DataPlane.Tunnel4, new Layout.Vip { Flags = Layout.VipFlags.NatSource });
foreach (var vip in new[] { Vip4, Vip6 })
{
    plane.AddService(vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11", "10.0.0.12"]);
    plane.AddService(vip, 53, Udp17, Layout.ForwardingKind.Ipip, ["10.0.0.11", "10.0.0.12"]);
    plane.AddService(vip, 81, Tcp6, Layout.ForwardingKind.Ipip, ["fd00::11", "fd00::12"]);
    plane.AddService(vip, 443, Tcp6, Layout.ForwardingKind.Nat, [vip == Vip4 ? "10.0.0.11" : "fd00::11"], service => service with { Flags = Layout.ServiceFlags.Nat });
}

Console.WriteLine($"{"ns",6} {"goal",6} {"katran",6}  {"verdict",-8}  (least of 21 rounds, harness included)");
Show("harness by itself", null, null, Fresh.Measure(null, In(Tcp(Client4, 1234, Vip4, 80)), 1));
Run("TCP established, one flow", 120, 142, Tcp(Client4, 1234, Vip4, 80), 1);
Run("TCP established, 64 k flows", 180, 208, Tcp(Client4, 1234, Vip4, 80), 65536);
Run("TCP new flow, table insert", 500, 816, Tcp(Client4, 1234, Vip4, 80, Syn), 0);
Run("UDP, one flow", null, 181, Udp(Client4, 1234, Vip4, 53), 1);
Run("IPv6 TCP established", 140, 155, Tcp(Client6, 1234, Vip6, 80), 1);
Run("IPv6 in IPv6 TCP established", 140, 155, Tcp(Client6, 1234, Vip6, 81), 1);
Run("nat, TCP established", 200, null, Tcp(Client4, 1234, Vip4, 443), 1, Tcp(Client4, 1234, Vip4, 443, Syn));
Run("nat, IPv6 TCP established", 200, null, Tcp(Client6, 1234, Vip6, 443), 1, Tcp(Client6, 1234, Vip6, 443, Syn));
Run("nat, TCP answer", 200, null, Tcp("10.0.0.11", 443, DataPlane.Tunnel4, SourcePort(Tcp(Client4, 1234, Vip4, 443, Syn))), 1);
Run("not ours", 40, 58, Tcp(Client4, 1234, "192.0.2.1", 80), 1);
return 0;

void Run(string name, double? goal, double? katran, byte[] packet, uint flows, byte[]? first = null)
{
    if (first is not null)
        plane.Run(In(first));
    if (args.Length == 0 || args.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase)))
        Show(name, goal, katran, Fresh.Measure(plane.Program, In(packet), flows));
}

// What nat makes of the source port of a packet over IPv4.
int SourcePort(byte[] packet)
{
    const int At = 34;
    return System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(plane.Run(In(packet)).Frame.AsSpan(At));
}

static void Show(string name, double? goal, double? katran, (double Nanoseconds, Penstock.Linux.Bpf.XdpVerdict Verdict) result) =>
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Nanoseconds,6:0} {goal,6:0} {katran,6:0}  {result.Verdict,-8}  {name}"));
