// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Comparison;
using Penstock.Daemon.Admin;
using Penstock.Daemon.Running;
using Penstock.L7.Explaining;

namespace Penstock.Daemon.Tests.Admin;

/// <summary>What programs read, as docs/commands.md has it: a field may be added, and none be renamed.</summary>
public sealed class FieldTests
{
    [Theory]
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
}
