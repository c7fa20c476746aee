// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Penstock.ControlPlane;
using Penstock.Daemon.Running;
using Penstock.L4;
using Penstock.Telemetry.Http;

namespace Penstock.Daemon.Admin;

/// <summary>Answers the requests of the admin API.</summary>
/// <param name="state">What the control plane last published.</param>
/// <param name="node">Takes the host out and back in.</param>
/// <param name="status">Makes the status report.</param>
/// <param name="reload">Reloads.</param>
/// <param name="explain">Says what would become of a packet; null: no L4 services run.</param>
internal sealed class AdminApi(Func<ControlPlaneState> state, NodeDrain node, Func<StatusReport> status, Func<Task<ReloadOutcome>> reload, Func<PacketQuestion, PacketExplanation?> explain)
{
    /// <summary>Answers one request.</summary>
    public async ValueTask<ControlHttpResponse> HandleAsync(ControlHttpRequest request, CancellationToken cancellation)
    {
        var allowed = request.Path switch
        {
            AdminPaths.Reload or AdminPaths.Drain or AdminPaths.Ready => "POST",
            AdminPaths.Status or AdminPaths.Config or AdminPaths.Snapshot or AdminPaths.ExplainPacket or AdminPaths.Node => "GET",
            _ => null,
        };
        if (allowed is null) return ControlHttpResponse.Text(404, $"no such resource: {request.Path}");
        if (!string.Equals(allowed, request.Method, StringComparison.Ordinal)) return ControlHttpResponse.Text(405, $"{request.Path} takes {allowed}", allowed);

        switch (request.Path)
        {
            case AdminPaths.Reload:
                var outcome = await reload().WaitAsync(cancellation);
                return Json(outcome.Ok ? 200 : 422, ReloadReport.Of(outcome), AdminJson.Default.ReloadReport);
            case AdminPaths.Status:
                return Json(200, status(), AdminJson.Default.StatusReport);
            case AdminPaths.ExplainPacket:
                return Explain(request.Query);
            case AdminPaths.Node:
                return Json(200, node.Report(), AdminJson.Default.NodeReport);
            case AdminPaths.Drain or AdminPaths.Ready:
                return await ChangeNodeAsync(request.Path);
        }

        var current = state();
        if (current.Snapshot is not { } snapshot) return ControlHttpResponse.Text(503, "nothing is published yet");
        return string.Equals(request.Path, AdminPaths.Config, StringComparison.Ordinal)
            ? Json(200, snapshot.Config, AdminJson.Default.ApplianceConfig)
            : Json(200, SnapshotReport.Of(snapshot, current.ConfigHash), AdminJson.Default.SnapshotReport);
    }

    private async Task<ControlHttpResponse> ChangeNodeAsync(string path)
    {
        if (state().Snapshot is not { } snapshot) return ControlHttpResponse.Text(503, "nothing is published yet");
        try
        {
            var report = path is AdminPaths.Drain ? await node.DrainAsync(snapshot.Config) : await node.ReturnAsync();
            return Json(200, report, AdminJson.Default.NodeReport);
        }
        catch (IOException error)
        {
            return ControlHttpResponse.Text(500, $"nothing has changed: {error.Message}");
        }
    }

    private ControlHttpResponse Explain(string query)
    {
        if (!PacketQuestion.TryParse(query, out var question))
            return ControlHttpResponse.Text(400, "a packet has src and dst, each ADDRESS:PORT of one family, and proto tcp or udp");
        return explain(question) is { } answer
            ? Json(200, answer, AdminJson.Default.PacketExplanation)
            : ControlHttpResponse.Text(404, "no L4 services run");
    }

    private static ControlHttpResponse Json<T>(int status, T value, JsonTypeInfo<T> type) =>
        new(status, "application/json", JsonSerializer.SerializeToUtf8Bytes(value, type));
}
