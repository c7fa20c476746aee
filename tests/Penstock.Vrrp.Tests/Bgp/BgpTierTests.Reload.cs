// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp.Tests.Bgp;

/// <summary>A configuration after another.</summary>
public sealed partial class BgpTierTests
{
    [Fact]
    public void Address_ThatIsConfiguredNoMore_IsWithdrawnBeforeWhatServesItEnds()
    {
        Apply(Snapshot(SomeBgp.Config("203.0.113.10", "203.0.113.11")));

        _tier.Prepare(Snapshot(SomeBgp.Config()));
        Bird.Text.ShouldNotContain("route 203.0.113.11/32");
        Bird.Text.ShouldContain("route 203.0.113.10/32");

        _tier.TakeBack();
        Bird.Text.ShouldContain("route 203.0.113.11/32", customMessage: "the snapshot has not come to run");
    }

    [Fact]
    public void Program_OfANewConfiguration_IsTheNextToBeStarted_UnlessItIsRefused()
    {
        var snapshot = Snapshot(SomeBgp.Config());
        Apply(snapshot);
        var bird = snapshot.Config.Bird with { Binary = "/opt/bird" };
        Apply(snapshot with { Config = snapshot.Config with { Bird = bird } });
        Bird.Program.ShouldStartWith("/opt/bird ");

        Bird.Refuses = true;
        Should.Throw<AddressApplyException>(() => Apply(snapshot with { Config = snapshot.Config with { Bird = bird with { Binary = "/bad/bird" } } }));
        Bird.Program.ShouldStartWith("/opt/bird ");
    }
}
