// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Maglev;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using Penstock.Model.L4;

namespace Penstock.Bpf.Tests;

/// <summary>Maps that a daemon of before has pinned, and those it had not.</summary>
public sealed class AdoptionTests
{
    private const uint Backends = 8192;

    [BpfTheory]
    [InlineData("return_stats")]
    [InlineData("service_owners")]
    public void Load_BesidePinsThatLackAYoungerMap_TakesThemOverAndGivesItAsManyEntries(string younger)
    {
        var pins = new PinTree(Directory.CreateTempSubdirectory("penstock-adoption-").FullName);
        var settings = new Layout.Settings { Cpus = (uint)BpfCpus.Possible, Tick = BpfClock.Tick };
        try
        {
            pins.Create();
            var large = Sizes();
            foreach (var map in new[] { XdpSizes.Younger[younger], younger })
                large[map] = Backends;
            using (var before = XdpProgram.Load(ProgramFile.Read(Programs.Object("xdp_lb")), pins, large, settings))
                before.Pin(pins);
            File.Delete(pins.Map(younger));

            using var next = XdpProgram.Load(ProgramFile.Read(Programs.Object("xdp_lb")), pins, Sizes(), settings);

            next.IsAdopted.ShouldBeTrue();
            next.Rebuilt.ShouldBeEmpty();
            next.Maps[younger].Info.MaxEntries.ShouldBe(Backends);
        }
        finally
        {
            pins.Delete();
        }
    }

    [BpfTheory]
    [InlineData("", true)]
    [InlineData("service_owners", false)] // that daemon had no such map
    [InlineData("backends", false)]       // it has come between, and written its own
    public void Apply_OverPinsOfADaemonBefore_KeepsItsCountersIfTheyMeanTheSame(string older, bool isKept)
    {
        var pins = new PinTree(Directory.CreateTempSubdirectory("penstock-adoption-").FullName);
        var settings = new Layout.Settings { Cpus = (uint)BpfCpus.Possible, Tick = BpfClock.Tick };
        var drop = new Layout.ServiceDrop { Service = 0, Reason = (uint)DropReason.NoBackend };
        try
        {
            pins.Create();
            using (var before = XdpProgram.Load(ProgramFile.Read(Programs.Object("xdp_lb")), pins, Sizes(), settings))
            {
                new XdpTables(before.Maps).Apply([Service()]);
                before.Maps["service_stats"].UpdatePerCpu(0u, new Layout.ServiceStats { Packets = 1 });
                before.Maps["service_drops"].UpdatePerCpu(drop, new Layout.DropStats { Packets = 1 });
                before.Maps["backend_stats"].UpdatePerCpu(1u, new Layout.BackendStats { Packets = 1 });
                before.Maps["return_stats"].UpdatePerCpu(1u, new Layout.ReturnStats { Packets = 1 });
                if (older == "backends")
                    before.Maps.WriteBackend(1, before.Maps.ReadBackend(1) with { Flags = Layout.BackendFlags.None });
                before.Pin(pins);
            }

            if (older == "service_owners")
                File.Delete(pins.Map(older));

            using var next = XdpProgram.Load(ProgramFile.Read(Programs.Object("xdp_lb")), pins, Sizes(), settings);
            next.IsAdopted.ShouldBeTrue();
            new XdpTables(next.Maps).Apply([Service()]);

            ulong[] all =
            [
                next.Maps.Sum<uint, Layout.ServiceStats>("service_stats", 0).Packets,
                next.Maps.Sum<Layout.ServiceDrop, Layout.DropStats>("service_drops", drop).Packets,
                next.Maps.Sum<uint, Layout.BackendStats>("backend_stats", 1).Packets,
                next.Maps.Sum<uint, Layout.ReturnStats>("return_stats", 1).Packets,
            ];
            all.ShouldAllBe(packets => (packets > 0) == isKept);
            next.Maps.ReadBackend(1).Flags.HasFlag(Layout.BackendFlags.Counted).ShouldBeTrue();
        }
        finally
        {
            pins.Delete();
        }
    }

    private static PlannedService Service()
    {
        var address = IPAddress.Parse("10.0.0.1");
        var backend = new Layout.Backend { Address = Layout.Address.Of(address), Forwarding = Layout.ForwardingKind.Ipip, State = Layout.StateKind.Ready };
        return new("s", new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80), default, 251, [new PlannedBackend(0, MaglevIdentity.Of(address, 0, 0), address, 1, backend)]);
    }

    private static Dictionary<string, uint> Sizes() => XdpSizes.For(new L4Config { FlowsPerCpu = 0 }, [], BpfCpus.Possible);
}
