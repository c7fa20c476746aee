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

if (args is ["--guest"])
    return GuestRun.Run();
if (args is ["--userspace"])
    return UserspaceRun.Run();

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

var rows = new List<Row>();
Console.WriteLine($"{"ns",6} {"goal",6} {"katran",6}  {"verdict",-8}  (least of 21 rounds of a machine that is not slow, harness included)");
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
double? lowest = null;
foreach (var (services, backends) in new[] { (1u, 10u), (1u, 1_000u), (1u, 10_000u), (100u, 10_000u), (10_000u, 10_000u) })
{
    var measured = Scale(services, backends, lowest);
    lowest ??= measured;
}

Spread();
Show("harness by itself", null, null, Fresh.Measure(null, In(Tcp(Client4, 1234, Vip4, 80)), 1));
var control = args.Length == 0 ? Control.Measure() : [];
foreach (var row in control)
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Value:0.0} ms, goal {row.Goal:0} ms: {row.Name}"));
if (args.Length == 0)
{
    var results = Path.Combine(Programs.Root, "perf", "results", $"l4-{DateTime.UtcNow:yyyy-MM-dd}");
    File.WriteAllText(results + ".md", Report.Markdown(rows, control));
    File.WriteAllText(results + ".svg", Plot.Svg(rows, new PlotText("Nanoseconds a packet in XDP, harness included (lower is better)", Report.Machine(), "penstock", "katran", "goal, at most")));
}

var missed = rows.Where(row => Math.Round(row.Value) > row.Goal).Select(row => (row, "ns")).Concat(control.Where(row => row.Value > row.Goal).Select(row => (row, "ms"))).ToArray();
foreach (var (row, unit) in missed)
    Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"perf-l4: {row.Name}: {row.Value:0} {unit}, and the goal is at most {row.Goal:0}"));
return missed.Length == 0 ? 0 : 1;

// One established flow of the last of many services: at most a tenth more than the first of such rows.
double? Scale(uint services, uint backends, double? least)
{
    var name = string.Create(CultureInfo.InvariantCulture, $"TCP established, {services:N0} service{(services == 1 ? "" : "s")} with {backends:N0} backends");
    if (!IsWanted(name))
        return null;
    using var large = new DataPlane(settings => settings with { FlowSets = 32768, ServiceLines = 1024 }, Math.Max(services, backends));
    for (var service = 0u; service < services; service++)
    {
        var addresses = Enumerable.Range(0, (int)(backends / services)).Select(backend => $"10.{backend >> 8}.{backend & 255}.{service & 255}");
        large.AddService(Vip4, 1000 + (int)service, Tcp6, Layout.ForwardingKind.Ipip, [.. addresses]);
    }

    var result = Fresh.Measure(large.Program, In(Tcp(Client4, 1234, Vip4, 999 + (int)services)), 1);
    Show(name, Math.Min(120, least * 1.1 ?? 120), null, result);
    return result.Nanoseconds;
}

// A flow of each of many services, in turn: every packet is of another service than the last.
void Spread()
{
    const int Services = 16384, DestinationPort = 36;
    const string Name = "TCP established, 16,384 flows, each of another of 16,384 services";
    if (!IsWanted(Name))
        return;
    using var large = new DataPlane(settings => settings with { FlowSets = 32768, ServiceLines = 8192 }, Services);
    for (var service = 0; service < Services; service++)
        large.AddService(Vip4, System.Buffers.Binary.BinaryPrimitives.ReverseEndianness((ushort)service), Tcp6, Layout.ForwardingKind.Ipip, [$"10.0.{service >> 8}.{service & 255}"]);
    Show(Name, null, null, Fresh.Measure(large.Program, In(Tcp(Client4, 1234, Vip4, 80)), Services, vary: DestinationPort));
}

bool IsWanted(string name) => args.Length == 0 || args.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));

void Run(string name, double? goal, double? katran, byte[] packet, uint flows, byte[]? first = null)
{
    if (first is not null)
        plane.Run(In(first));
    if (IsWanted(name))
        Show(name, goal, katran, Fresh.Measure(plane.Program, In(packet), flows));
}

// What nat makes of the source port of a packet over IPv4.
int SourcePort(byte[] packet)
{
    const int At = 34;
    return System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(plane.Run(In(packet)).Frame.AsSpan(At));
}

void Show(string name, double? goal, double? katran, (double Nanoseconds, Penstock.Linux.Bpf.XdpVerdict Verdict) result)
{
    rows.Add(new Row(name, result.Nanoseconds, goal, katran));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Nanoseconds,6:0} {goal,6:0} {katran,6:0}  {result.Verdict,-8}  {name}"));
}
