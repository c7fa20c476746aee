// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Runtime.InteropServices;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>The programs of health checks by the data path, frame by frame, and frames cut at every byte.</summary>
public sealed class ProbeProgramTests
{
    private const string Own4 = "10.0.0.2", Server4 = "10.0.0.11", Vip4 = "203.0.113.10", Own6 = "fd00::2", Server6 = "fd00::11", Vip6 = "2001:db8::10";
    private const uint FirstMark = 0x100, Mark = FirstMark + 7, Unspecified = uint.MaxValue, Shot = 2; // TC_ACT_*
    private const int Ethernet = 14, OwnPort = 40000, Web = 80, GuePort = 6080, TcpHeader = 20;

    [BpfTheory]
    [InlineData(Own4, Server4, Vip4, Layout.ForwardingKind.L2)]
    [InlineData(Own4, Server4, Vip4, Layout.ForwardingKind.Ipip)]
    [InlineData(Own4, Server4, Vip4, Layout.ForwardingKind.Gue)]
    [InlineData(Own6, Server6, Vip6, Layout.ForwardingKind.L2)]
    [InlineData(Own6, Server6, Vip6, Layout.ForwardingKind.Ipip)]
    [InlineData(Own6, Server6, Vip6, Layout.ForwardingKind.Gue)]
    internal void Check_GoesTheWayOfClientsAndComesBack(string own, string server, string vip, Layout.ForwardingKind forwarding)
    {
        using var loaded = Load(server, vip, forwarding);
        using var leaving = loaded.Program("probe_out");
        using var arriving = loaded.Program("probe_in");
        var (header, encapsulated) = vip == Vip4 ? (20, Ipip) : (40, Ipv6InIp);
        var frame = In(Tcp(own, OwnPort, server, Web));
        var inner = Tcp(own, OwnPort, vip, Web);
        var sent = In(forwarding switch
        {
            Layout.ForwardingKind.Ipip => Ip(DataPlane.Tunnel4, server, encapsulated, inner, fragment: 0x4000),
            Layout.ForwardingKind.Gue => Ip(DataPlane.Tunnel4, server, Udp17, Gue(0xc000, GuePort, inner), fragment: 0x4000),
            _ => inner,
        });
        if (vip == Vip6 && forwarding != Layout.ForwardingKind.L2)
            sent = In(Ip(DataPlane.Tunnel6, server, forwarding == Layout.ForwardingKind.Gue ? Udp17 : encapsulated, forwarding == Layout.ForwardingKind.Gue ? Gue(0xc000, GuePort, inner) : inner));
        var answer = In(Tcp(vip, Web, own, OwnPort));

        Run(arriving, answer, mark: 0).ShouldBe((Unspecified, Convert.ToHexString(answer)), "of no check");
        Run(leaving, frame, mark: 0).ShouldBe((Unspecified, Convert.ToHexString(frame)), "without a mark");
        Run(leaving, frame, FirstMark).ShouldBe((Shot, Convert.ToHexString(frame)), "of a check that has ended");
        Run(leaving, frame, Mark).ShouldBe((Unspecified, Convert.ToHexString(sent)));
        Run(arriving, answer, mark: 0).ShouldBe((Unspecified, Convert.ToHexString(In(Tcp(server, Web, own, OwnPort)))));

        // What ends within the addresses and ports is no check's; within the rest of TCP's header up to its checksum, which can't be written, it goes no further.
        for (var length = Ethernet + header; length < Ethernet + header + TcpHeader; length++) // The kernel itself takes no shorter ones here.
        {
            var known = length >= Ethernet + header + 4;
            var whole = length >= Ethernet + header + 18;
            Run(leaving, frame[..length], Mark).Verdict.ShouldBe(whole ? Unspecified : Shot, $"{length} bytes");
            Run(leaving, frame[..length], mark: 0).ShouldBe((Unspecified, Convert.ToHexString(frame[..length])), $"{length} bytes");
            Run(arriving, answer[..length], mark: 0).Verdict.ShouldBe(known && !whole ? Shot : Unspecified, $"{length} bytes");
        }
    }

    private static (uint Verdict, string Frame) Run(BpfProgram program, byte[] frame, uint mark)
    {
        var output = new byte[frame.Length + 256];
        var context = new uint[48]; // struct __sk_buff
        context[2] = mark;
        var run = program.TestRun(frame, output, MemoryMarshal.AsBytes<uint>(context));
        return (run.ReturnValue, Convert.ToHexString(output.AsSpan(0, run.Length)));
    }

    private static BpfObject Load(string server, string vip, Layout.ForwardingKind forwarding)
    {
        var loaded = BpfObject.Open(Programs.Object("probe"));
        loaded.SetConstant("first_mark", FirstMark, ".rodata.settings");
        loaded.Load();
        using var probes = loaded.Map("probes");
        probes.Update(Mark, new Layout.Probe
        {
            Service = Layout.Address.Of(IPAddress.Parse(vip)),
            Backend = new Layout.Backend
            {
                Address = Layout.Address.Of(IPAddress.Parse(server)),
                Source = Layout.Address.Of(IPAddress.Parse(vip == Vip4 ? DataPlane.Tunnel4 : DataPlane.Tunnel6)),
                PortBigEndian = (ushort)IPAddress.HostToNetworkOrder((short)GuePort),
                Forwarding = forwarding,
            },
        });
        return loaded;
    }
}
