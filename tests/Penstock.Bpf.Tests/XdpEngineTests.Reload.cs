// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.L4;

namespace Penstock.Bpf.Tests;

/// <summary>Reloads that are refused.</summary>
public sealed partial class XdpEngineTests
{
    [BpfFact]
    public void Reload_OfOtherPins_IsRefusedForThat() => InOwnNetwork((engine, config) =>
    {
        config = config with { Interfaces = ["v0"] };
        engine.Apply(Snapshot(config, s_two));
        var other = config.Pins + "-other";

        Should.Throw<L4ApplyException>(() => engine.Apply(Snapshot(config with { Pins = other }, s_two)))
            .Message.ShouldBe($"l4: pins can't move from {config.Pins} while services run: penstock detach, then start the daemon again");

        Directory.Exists(other).ShouldBeFalse();
        Backends(engine).ShouldBe(s_two);
    });

    [BpfFact]
    public void Reload_WhereTheProgramOfAnotherVersionIsMeanwhile_GoesOnWithItsOwn() => InOwnNetwork((engine, config) =>
    {
        var folder = Directory.CreateTempSubdirectory("penstock-program-").FullName;
        try
        {
            var program = Path.Combine(folder, "xdp_lb.bpf.o");
            File.Copy(Programs.Object("xdp_lb"), program);
            config = config with { Interfaces = ["v0"], Program = program };
            engine.Apply(Snapshot(config, "10.0.0.1"));
            File.WriteAllBytes(program, Programs.OfAnotherBuild("xdp_lb"));

            engine.Apply(Snapshot(config with { NewFlowsPerCpu = 5 }, s_two)); // a setting of the program: it is loaded anew

            Backends(engine).ShouldBe(s_two);
            engine.Dispose();
            using var next = new XdpEngine(NullLoggerFactory.Instance, _time);
            Should.Throw<L4ApplyException>(() => next.Apply(Snapshot(config, s_two))).Message.ShouldContain("does not belong to");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    });
}
