// SPDX-License-Identifier: Apache-2.0
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
            using (var before = XdpProgram.Load(Programs.Object("xdp_lb"), pins, large, settings))
                before.Pin(pins);
            File.Delete(pins.Map(younger));

            using var next = XdpProgram.Load(Programs.Object("xdp_lb"), pins, Sizes(), settings);

            next.IsAdopted.ShouldBeTrue();
            next.Rebuilt.ShouldBeEmpty();
            next.Maps[younger].Info.MaxEntries.ShouldBe(Backends);
        }
        finally
        {
            pins.Delete();
        }
    }

    private static Dictionary<string, uint> Sizes() => XdpSizes.For(new L4Config { FlowsPerCpu = 0 }, [], BpfCpus.Possible);
}
