// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp.Tests;

public sealed class KeepalivedFolderTests
{
    [Fact]
    public void Paths_OfAGroup_AreInItsFoldersAndTheLeaseInTheCommonOne()
    {
        var folder = new KeepalivedFolder("/var/lib/penstock/vrrp", "/run/penstock/vrrp", "edge");

        folder.ConfigFile.ShouldBe("/var/lib/penstock/vrrp/edge.conf");
        folder.Run.ShouldBe("/run/penstock/vrrp/edge");
        folder.PidFile.ShouldBe("/run/penstock/vrrp/edge/keepalived.pid");
        folder.VrrpPidFile.ShouldBe("/run/penstock/vrrp/edge/vrrp.pid");
        folder.NotifyFifo.ShouldBe("/run/penstock/vrrp/edge/notify");
        folder.LogFile.ShouldBe("/run/penstock/vrrp/edge/log");
        folder.HealthFile("web").ShouldBe("/run/penstock/vrrp/edge/health.web");
        folder.LeaseFile.ShouldBe("/run/penstock/vrrp/.lease");
    }

    [Fact]
    public void Arguments_OfAKeepalived_TellItsFolders()
    {
        var folder = new KeepalivedFolder("/var/lib/penstock/vrrp", "/run/penstock/vrrp", "edge");

        var found = KeepalivedFolder.Of(folder.Arguments).ShouldNotBeNull();

        (found.State, found.Run, found.Group).ShouldBe((folder.State, folder.Run, folder.Group));
        KeepalivedFolder.Of(folder.Arguments[..^1]).ShouldBeNull();
        KeepalivedFolder.Of([.. folder.Arguments, "--dump-conf"]).ShouldBeNull();
        KeepalivedFolder.Of([.. folder.Arguments[..4], "/etc/keepalived/keepalived.conf", .. folder.Arguments[5..]]).ShouldBeNull("its configuration is none of penstock's");
        KeepalivedFolder.Of(new KeepalivedFolder("state", "run", "edge").Arguments).ShouldBeNull("from another working directory");
        KeepalivedFolder.Of([]).ShouldBeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../edge")]
    [InlineData("edge/web")]
    [InlineData("edge\0")]
    public void Names_ThatLeadElsewhere_AreRefused(string name)
    {
        Should.Throw<ArgumentException>(() => new KeepalivedFolder("/state", "/run", name));
        Should.Throw<ArgumentException>(() => new KeepalivedFolder("/state", "/run", "edge").HealthFile(name));
    }
}
