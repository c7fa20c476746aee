// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Penstock.Config.Binding;
using Penstock.ControlPlane;
using Penstock.Daemon.Running;
using Penstock.L4;
using Penstock.L7.Explaining;
using Penstock.Telemetry.Http;

namespace Penstock.Daemon.Admin;

/// <summary>Answers the requests of the admin API.</summary>
/// <param name="state">What the control plane last published.</param>
/// <param name="node">Takes the host out and back in.</param>
/// <param name="overrides">Takes services, backends, clusters and endpoints out and back in.</param>
/// <param name="publish">Has overrides take effect; returns why they did not.</param>
/// <param name="status">Makes the status report.</param>
/// <param name="load">Reads the configuration as a reload would.</param>
/// <param name="reloader">Reloads.</param>
/// <param name="kept">Configurations that have run.</param>
/// <param name="explain">Says what would become of a packet; null: no L4 services run.</param>
/// <param name="explainRequest">Says what would become of a request; throws <see cref="FormatException"/> where it is none.</param>
internal sealed class AdminApi(
    Func<ControlPlaneState> state,
    NodeDrain node,
    StateOverrides overrides,
    Func<Task<string?>> publish,
    Func<StatusReport> status,
    Func<LoadedConfig> load,
    Reloader reloader,
    KeptConfigs kept,
    Func<PacketQuestion, PacketExplanation?> explain,
    Func<RequestQuestion, RequestExplanation> explainRequest)
{
    /// <summary>Longest time for a confirmation, and for what is left on a host: longer than anybody waits for one.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(24);

    /// <summary>Answers one request.</summary>
    public async ValueTask<ControlHttpResponse> HandleAsync(ControlHttpRequest request, CancellationToken cancellation)
    {
        var allowed = Method(request.Path);
        if (allowed is null) return ControlHttpResponse.Text(404, $"no such resource: {request.Path}");
        if (!string.Equals(allowed, request.Method, StringComparison.Ordinal)) return ControlHttpResponse.Text(405, $"{request.Path} takes {allowed}", allowed);
        return allowed is "POST" ? await ChangeAsync(request, cancellation) : await AnswerAsync(request, cancellation);
    }

    private static string? Method(string path) => path switch
    {
        AdminPaths.Reload or AdminPaths.Confirm or AdminPaths.Rollback or AdminPaths.Drain or AdminPaths.Maintenance or AdminPaths.Ready or AdminPaths.Overrides => "POST",
        AdminPaths.Status or AdminPaths.Diff or AdminPaths.History or AdminPaths.HistoryEntry or AdminPaths.Config or AdminPaths.Snapshot or AdminPaths.ExplainPacket or AdminPaths.ExplainRequest or AdminPaths.Node => "GET",
        _ => null,
    };

    private async Task<ControlHttpResponse> AnswerAsync(ControlHttpRequest request, CancellationToken cancellation)
    {
        switch (request.Path)
        {
            case AdminPaths.Status:
                return Json(200, status(), AdminJson.Default.StatusReport);
            case AdminPaths.Diff:
                var loaded = await Task.Run(load, cancellation); // files are read
                return Json(200, DiffReport.Of(state(), loaded), AdminJson.Default.DiffReport);
            case AdminPaths.History:
                return Json(200, HistoryReport.Of(kept), AdminJson.Default.HistoryReport);
            case AdminPaths.HistoryEntry:
                return Entry(request.Query);
            case AdminPaths.ExplainPacket:
                return Explain(request.Query);
            case AdminPaths.ExplainRequest:
                return ExplainRequest(QueryFields.Parse(request.Query));
            case AdminPaths.Node:
                return Json(200, node.Report(), AdminJson.Default.NodeReport);
        }

        var current = state();
        if (current.Snapshot is not { } snapshot) return ControlHttpResponse.Text(503, "nothing is published yet");
        return string.Equals(request.Path, AdminPaths.Config, StringComparison.Ordinal)
            ? Json(200, snapshot.Config, AdminJson.Default.ApplianceConfig)
            : Json(200, SnapshotReport.Of(snapshot, current.ConfigHash), AdminJson.Default.SnapshotReport);
    }

    private Task<ControlHttpResponse> ChangeAsync(ControlHttpRequest request, CancellationToken cancellation) => request.Path switch
    {
        AdminPaths.Overrides => OverrideAsync(request.Query),
        AdminPaths.Drain or AdminPaths.Maintenance or AdminPaths.Ready => ChangeNodeAsync(request.Path, QueryFields.Parse(request.Query)),
        _ => ReloadAsync(request.Path, QueryFields.Parse(request.Query), cancellation),
    };

    private async Task<ControlHttpResponse> ReloadAsync(string path, Dictionary<string, string> fields, CancellationToken cancellation)
    {
        var (by, why) = (fields.GetValueOrDefault("by", ""), fields.GetValueOrDefault("why", ""));
        if (!QueryFields.IsLine(by) || !QueryFields.IsLine(why)) return ControlHttpResponse.Text(400, $"by and why are lines of at most {QueryFields.LongestLine} characters");
        if (!TryNumber(fields, path is AdminPaths.Rollback ? "number" : "confirm", out var number)) return ControlHttpResponse.Text(400, "confirm and number are whole numbers above 0");
        if (path is AdminPaths.Reload && number > s_longest.TotalSeconds) return ControlHttpResponse.Text(400, $"confirm is at most {s_longest.TotalSeconds:0} s");
        var changing = path switch
        {
            AdminPaths.Rollback => reloader.RollBackAsync(number, new ReloadCause("rollback", by, why)),
            AdminPaths.Confirm => reloader.ConfirmAsync(new ReloadCause("the admin API", by, why)),
            _ => reloader.ReloadAsync(new ReloadCause("the admin API", by, why), number is { } seconds ? TimeSpan.FromSeconds(seconds) : null, fields.GetValueOrDefault("files") is "true"),
        };
        var outcome = await changing.WaitAsync(cancellation);
        return Json(outcome.Ok ? 200 : 422, ReloadReport.Of(outcome, kept.Status), AdminJson.Default.ReloadReport);
    }

    // Null: there is none.
    private static bool TryNumber(Dictionary<string, string> fields, string name, out long? number)
    {
        number = null;
        if (!fields.TryGetValue(name, out var text)) return true;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var found) || found == 0) return false;
        number = found;
        return true;
    }

    private ControlHttpResponse Entry(string query)
    {
        if (!TryNumber(QueryFields.Parse(query), "number", out var number) || number is null) return ControlHttpResponse.Text(400, "number is that of a configuration in the history");
        try
        {
            return Json(200, kept.Entry(number.Value), AdminJson.Default.HistoryEntry);
        }
        catch (IOException error)
        {
            return ControlHttpResponse.Text(404, error.Message);
        }
    }

    private async Task<ControlHttpResponse> ChangeNodeAsync(string path, Dictionary<string, string> fields)
    {
        var (by, why) = (fields.GetValueOrDefault("by", ""), fields.GetValueOrDefault("why", ""));
        if (!QueryFields.IsLine(by) || !QueryFields.IsLine(why)) return ControlHttpResponse.Text(400, $"by and why are lines of at most {QueryFields.LongestLine} characters");
        if (!TryNumber(fields, "after", out var after) || (path is AdminPaths.Maintenance && after is null) || after > s_longest.TotalSeconds)
            return ControlHttpResponse.Text(400, $"after is a whole number of seconds above 0 and at most {s_longest.TotalSeconds:0}, which maintenance needs");
        if (state().Snapshot is not { } snapshot) return ControlHttpResponse.Text(503, "nothing is published yet");
        try
        {
            var report = path is AdminPaths.Ready
                ? await node.ReturnAsync(by, why)
                : await node.TakeOutAsync(snapshot.Config, path is AdminPaths.Maintenance ? TimeSpan.FromSeconds(after!.Value) : null, by, why); // it is there, as was looked above
            return Json(200, report, AdminJson.Default.NodeReport);
        }
        catch (IOException error)
        {
            return ControlHttpResponse.Text(500, $"nothing has changed: {error.Message}");
        }
    }

    private async Task<ControlHttpResponse> OverrideAsync(string query)
    {
        if (!OverrideQuestion.TryParse(query, out var question))
            return ControlHttpResponse.Text(400, "an override has kind service, backend, cluster or endpoint, target, state ready, drain, maintenance or configured, and by and why, each a line");
        if (state().Snapshot is not { } snapshot) return ControlHttpResponse.Text(503, "nothing is published yet");
        try
        {
            var outcome = await overrides.ChangeAsync(question, snapshot, publish);
            return Json(outcome.Ok ? 200 : 422, outcome, AdminJson.Default.OverrideOutcome);
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

    private ControlHttpResponse ExplainRequest(Dictionary<string, string> fields)
    {
        if (!fields.TryGetValue("method", out var method) || !fields.TryGetValue("url", out var url))
            return ControlHttpResponse.Text(400, "a request has method and url, and may have headers, a line each, and listener");
        if (fields.TryGetValue("listener", out var listener) && state().Snapshot is { } snapshot && !snapshot.Config.L7.Listeners.Any(one => string.Equals(one.Name, listener, StringComparison.Ordinal)))
            return ControlHttpResponse.Text(400, $"no listener is called '{listener}'{(Nearest.Find(listener, snapshot.Config.L7.Listeners.Select(one => one.Name)) is { } nearest ? $": did you mean '{nearest}'?" : "")}");
        try
        {
            string[] headers = fields.GetValueOrDefault("headers", "").Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return Json(200, explainRequest(new RequestQuestion(method, url, [.. headers], fields.GetValueOrDefault("listener"))), AdminJson.Default.RequestExplanation);
        }
        catch (FormatException error)
        {
            return ControlHttpResponse.Text(400, error.Message);
        }
    }

    private static ControlHttpResponse Json<T>(int status, T value, JsonTypeInfo<T> type) =>
        new(status, "application/json", JsonSerializer.SerializeToUtf8Bytes(value, type));
}
