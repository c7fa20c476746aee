// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp.Tests;

public sealed class KeepalivedTemplateTests : IDisposable
{
    private static readonly KeepalivedFolder s_folder = new("/var/lib/penstock/keepalived", "/run/penstock/keepalived", "edge");

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void BuiltIn_OfAPlainInstance_IsWhole()
    {
        var text = Render(Some.Instance() with { Priority = 150, AdvertInterval = TimeSpan.FromMilliseconds(250) });

        text.ShouldContain("""
            vrrp_instance edge {
              state BACKUP
              interface eth0
              virtual_router_id 51
              priority 150
              advert_int 0.25
              garp_master_repeat 5
              garp_master_delay 5
              track_script {
                daemon_alive
              }
              track_file {
                health_51_edge
              }
              # Adverts name this one alone, so that the addresses below may differ between hosts for a while.
              virtual_ipaddress {
                169.254.0.51/32 scope host
              }
              virtual_ipaddress_excluded {
                10.8.0.100/24 dev eth0
              }
            }
            """);
        text.ShouldContain("vrrp_notify_fifo /run/penstock/keepalived/edge/notify\n");
        text.ShouldContain("find /run/penstock/keepalived/.lease ! -newermt now");
        text.ShouldContain("file /run/penstock/keepalived/edge/health.edge\n");
        text.ShouldNotContain("vrrp_sync_group");
        text.ShouldNotContain("{{");
    }

    [Fact]
    public void BuiltIn_OfEverything_HasItsLines()
    {
        var text = Render(
            Some.Instance("a", 7, "10.8.0.1/24", "2001:db8::1/64") with
            {
                SyncGroup = "edge",
                Peers = [IPAddress.Parse("192.0.2.12"), IPAddress.Parse("192.0.2.13")],
                Source = IPAddress.Parse("192.0.2.11"),
                Preempt = false,
                UseVmac = true,
                Announce = new VrrpAnnounceConfig { Repeat = 3, Delay = TimeSpan.Zero, Refresh = TimeSpan.FromSeconds(60) },
                Track = new VrrpTrackConfig { Interfaces = [new VrrpTrackInterface { Name = "eth1" }, new VrrpTrackInterface { Name = "eth2", Weight = 20 }] },
            },
            Some.Instance("b", 8, "2001:db8::2/64") with { SyncGroup = "edge", PreemptDelay = TimeSpan.FromSeconds(5) });

        foreach (var line in (string[])
                 [
                     "vrrp_sync_group edge {\n  group {\n    a\n    b\n  }\n  sync_group_tracking_weight\n}", "unicast_src_ip 192.0.2.11", "unicast_peer {\n    192.0.2.12\n    192.0.2.13\n  }",
                     "nopreempt", "use_vmac vrrp.7\n  vmac_xmit_base", "garp_master_repeat 3", "garp_master_delay 0", "garp_master_refresh 60", "    eth1\n    eth2 weight -20\n",
                     "2001:db8::1/64 dev eth0", "preempt_delay 5", "fe80::200:5eff:fe00:208/64",
                 ])
        {
            text.ShouldContain(line, Case.Sensitive);
        }
    }

    /// <summary>keepalived 2.2 asks for the user of the FIFO and of scripts where it reads of them, and at a reload knows of none before <c>script_user</c>.</summary>
    [Fact]
    public void BuiltIn_HasTheUserBeforeWhatIsRunAsIt()
    {
        var text = Render(Some.Instance());

        text.IndexOf("script_user", StringComparison.Ordinal).ShouldBeInRange(0, text.IndexOf("vrrp_notify_fifo", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/tmp")]
    [InlineData("/dev/null")]
    public void File_ThatIsNone_IsRefused(string path) => Should.Throw<AddressApplyException>(() => KeepalivedTemplate.Load(path)).Message.ShouldStartWith($"{path}: a folder, a named pipe or a device");

    [Fact]
    public void File_InItsPlace_IsUsed()
    {
        File.WriteAllText(_file, "{{lease}} {{notify_fifo}}{{#each instances}} {{name}} {{router_id}} {{health}}{{/each}}");

        KeepalivedTemplate.Load(_file).Render("lb1", s_folder, [Some.Instance()]).ShouldBe($"{s_folder.LeaseFile} {s_folder.NotifyFifo} edge 51 {s_folder.HealthFile("edge")}");
    }

    [Theory]
    [InlineData("{{node}}\n{{nothing}}", "FILE:2: unknown value 'nothing'; expected one of those that the built-in template has")]
    [InlineData("{{notify_fifo}} {{#each instances}}{{health}}{{/each}}", "it leaves out the lease")]
    [InlineData("{{lease}} {{#each instances}}{{health}}{{/each}}", "it leaves out the notify_fifo")]
    [InlineData("{{lease}} {{notify_fifo}}", "it leaves out the health of edge")]
    [InlineData("{{#each instances}}", "each")]
    [InlineData("{{node}}\n {{#each}", "FILE:2:")]
    public void File_WithAFault_IsRefusedByName(string template, string message)
    {
        File.WriteAllText(_file, template);

        var error = Should.Throw<AddressApplyException>(() => KeepalivedTemplate.Load(_file).Render("lb1", s_folder, [Some.Instance()])).Message;

        error.ShouldStartWith(_file);
        error.ShouldContain(message.Replace("FILE", _file, StringComparison.Ordinal));
        error.ShouldNotContain("\n");
    }

    private static string Render(params VrrpInstanceConfig[] instances) => KeepalivedTemplate.Load("/nonexistent").Render("lb1", s_folder, instances);
}
