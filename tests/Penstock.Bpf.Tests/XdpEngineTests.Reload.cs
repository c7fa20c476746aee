// SPDX-License-Identifier: Apache-2.0
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
}
