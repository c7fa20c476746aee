// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.Config.Comparison;
using Penstock.ControlPlane.Overrides;
using Penstock.Daemon.Admin;
using Penstock.Daemon.Peers;
using Penstock.Daemon.Running;
using Penstock.L4;
using Penstock.L4.Decap;
using Penstock.L7.Explaining;
using Penstock.Model.L4;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Tests.Admin;

/// <summary>What programs read, as docs/commands.md has it: a field may be added, and none be renamed.</summary>
public sealed class FieldTests
{
    [Theory]
    [InlineData(typeof(StatusReport), "node version pid state uptime_seconds generation config_path config_hash reactors last_reload listeners clusters l4 vrrp bgp_neighbors bgp_addresses peers node_state overrides kept warnings")]
    [InlineData(typeof(ListenerReport), "name bind connections requests")]
    [InlineData(typeof(ClusterReport), "name endpoints")]
    [InlineData(typeof(EndpointReport), "address weight state reason active connections requests failures zone")]
    [InlineData(typeof(L4Status), "engine interfaces services drops drop_bytes notes warnings unresolved accept_pauses")]
    [InlineData(typeof(InterfaceStatus), "name mode program_id foreign_mode")]
    [InlineData(typeof(ServiceCounters), "name listen forwarding is_in_panic connections packets bytes return_packets return_bytes unserved cookies table_hits evicted_flows drops drop_bytes backends")]
    [InlineData(typeof(BackendCounters), "address weight state reason slots share connections packets bytes return_packets return_bytes table_misses failed_connects")]
    [InlineData(typeof(VrrpInstanceStatus), "name interface router_id role since priority health reasons addresses transitions")]
    [InlineData(typeof(BgpNeighborStatus), "name address asn state since last_error bfd is_up")]
    [InlineData(typeof(BgpAddressStatus), "address announced why")]
    [InlineData(typeof(PeerStatus), "node address state since reason version runs generation snapshot_at unready vrrp bgp differs differences")]
    [InlineData(typeof(PeerRole), "instance role since priority")]
    [InlineData(typeof(PeerBgp), "sessions_up sessions addresses has_more")]
    [InlineData(typeof(ConfigDifference), "path set")]
    [InlineData(typeof(NodeReport), "node state since by why ends_at roles peers announced connections relayed handing_over is_out is_empty")]
    [InlineData(typeof(StatusRates), "node state generation seconds listeners endpoints l4 vrrp bgp_neighbors bgp_addresses peers node_state overrides warnings")]
    [InlineData(typeof(ListenerRates), "name bind connections requests")]
    [InlineData(typeof(EndpointRates), "cluster address state active connections requests failures reason")]
    [InlineData(typeof(BalancerRates), "seconds drops services")]
    [InlineData(typeof(ServiceRates), "name listen forwarding connections packets bytes return_packets return_bytes unserved backends")]
    [InlineData(typeof(BackendRates), "address state reason connections packets bytes return_packets return_bytes")]
    [InlineData(typeof(CheckReport), "ok listeners routes clusters services instances announced ipvs_state bird_run diagnostics")]
    [InlineData(typeof(PacketExplanation), "service backend why next_hop becomes")]
    [InlineData(typeof(VersionReport), "version runtime")]
    [InlineData(typeof(DecapStatus), "interface mode program_id addresses gue_port packets bytes")]
    [InlineData(typeof(DetachReport), "pins interfaces")]
    [InlineData(typeof(ReloadReport), "ok generation at duration_milliseconds diagnostics confirm_until history")]
    [InlineData(typeof(DiagnosticReport), "severity message file line column path")]
    [InlineData(typeof(DiffReport), "ok running_hash hash changes diagnostics")]
    [InlineData(typeof(ConfigChange), "path kind before after")]
    [InlineData(typeof(HistoryReport), "now entries")]
    [InlineData(typeof(HistoryItem), "number at hash cause by why files")]
    [InlineData(typeof(HistoryEntry), "number at hash cause by why texts")]
    [InlineData(typeof(HistoryText), "path content")]
    [InlineData(typeof(KeptStatus), "running held window trouble")]
    [InlineData(typeof(HeldConfig), "number since by why files_hash")]
    [InlineData(typeof(ConfirmWindow), "number until by why files_hash overdue")]
    [InlineData(typeof(OverrideOutcome), "ok message trouble overrides warning")]
    [InlineData(typeof(OverrideStatus), "kind target state configured exists since by why")]
    [InlineData(typeof(RequestExplanation), "listener host path route answer listeners routes more_routes clusters")]
    [InlineData(typeof(ListenerChoice), "name bind why_not")]
    [InlineData(typeof(RouteChoice), "name match why_not")]
    [InlineData(typeof(ClusterChoice), "name percent balancing why_not endpoints")]
    [InlineData(typeof(EndpointChoice), "address state weight percent why_not")]
    public void Fields_OfAReport_AreThese(Type report, string fields)
    {
        var found = AdminJson.Default.GetTypeInfo(report).ShouldNotBeNull().Properties.Select(property => property.Name);
        string.Join(' ', found.Order(StringComparer.Ordinal)).ShouldBe(string.Join(' ', fields.Split(' ').Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData(typeof(HistoryEntry), "number at hash cause by why texts")]
    [InlineData(typeof(HistoryText), "path content")]
    [InlineData(typeof(KeptStatus), "running held window trouble")]
    [InlineData(typeof(HeldConfig), "number since by why files_hash")]
    [InlineData(typeof(ConfirmWindow), "number until by why files_hash overdue")]
    [InlineData(typeof(StateOverride), "kind name address state since by why target reason")]
    public void Fields_OfAFileOfTheStateFolder_AreThese(Type part, string fields)
    {
        var found = StateJson.Default.GetTypeInfo(part).ShouldNotBeNull().Properties.Select(property => property.Name);
        string.Join(' ', found.Order(StringComparer.Ordinal)).ShouldBe(string.Join(' ', fields.Split(' ').Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Overrides_OfAVersionBefore_AreRead()
    {
        const string kept = """[{"kind": "endpoint", "name": "web", "address": "10.0.0.11:80", "state": "drain", "since": "2026-11-20T10:00:00+00:00", "by": "ann", "why": "new disk"}]""";

        var found = JsonSerializer.Deserialize(kept, StateJson.Default.StateOverrideArray).ShouldNotBeNull().ShouldHaveSingleItem();

        found.ShouldBe(new StateOverride(OverrideKind.Endpoint, "web", "10.0.0.11:80", BackendState.Drain, new DateTimeOffset(2026, 11, 20, 10, 0, 0, TimeSpan.Zero), "ann", "new disk"));
    }
}
