// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using Penstock.ControlPlane.Overrides;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.ControlPlane;

/// <summary>The control plane's instruments, on the meter <c>Penstock.ControlPlane</c>.</summary>
internal sealed class ControlPlaneMetrics : IDisposable
{
    private readonly Meter _meter = new("Penstock.ControlPlane");
    private readonly Func<ControlPlaneState> _state;
    private readonly Func<OverrideSet> _overrides;
    private readonly Counter<long> _reloads;
    private readonly Counter<long> _faults;

    /// <summary>Instruments that read the given state when collected.</summary>
    /// <param name="state">What was last published.</param>
    /// <param name="overrides">What operators have said.</param>
    /// <param name="leftOut">Endpoints that are no backends of the service they were found for, by its name.</param>
    /// <param name="isRefused">Whether the engines do not take a change.</param>
    public ControlPlaneMetrics(Func<ControlPlaneState> state, Func<OverrideSet> overrides, Func<IReadOnlyDictionary<string, int>> leftOut, Func<bool> isRefused)
    {
        (_state, _overrides) = (state, overrides);
        _reloads = _meter.CreateCounter<long>("penstock.reloads", description: "Reloads by outcome: applied or refused. The start counts as one.");
        _faults = _meter.CreateCounter<long>("penstock.control.faults", description: "Turns of the control loop that failed unexpectedly.");
        _meter.CreateObservableGauge("penstock.reload.last.success", () => state().LastReload is { Ok: true } ? 1 : 0, description: "Whether the last reload was applied.");
        _meter.CreateObservableGauge("penstock.reload.last.timestamp", LastReload, "s", "When the last reload ended, since the Unix epoch.");
        _meter.CreateObservableGauge("penstock.reload.last.duration", LastDuration, "s", "How long the last reload took.");
        _meter.CreateObservableGauge("penstock.config.info", ConfigInfo, description: "1, with the hash of the running configuration.");
        _meter.CreateObservableGauge("penstock.snapshot.generation", () => state().Snapshot?.Generation ?? 0, description: "Generation of the running snapshot.");
        _meter.CreateObservableGauge("penstock.snapshot.refused", () => isRefused() ? 1 : 0, description: "Whether what discovery, health checks, roles or commands have changed is not in effect, since the host refuses it; it is tried again.");
        _meter.CreateObservableGauge("penstock.cluster.endpoints", Endpoints, description: "Endpoints by cluster and state.");
        _meter.CreateObservableGauge(
            "penstock.l4.endpoints.left.out",
            () => leftOut().Select(service => new Measurement<int>(service.Value, new KeyValuePair<string, object?>("service", service.Key))),
            description: "Endpoints that discovery has found for an L4 service and that are no backends of it, since its forwarding can't reach them or there are too many.");
        _meter.CreateObservableGauge("penstock.overrides", Overridden, description: "States that operators have given in place of the configuration's, by what they are of and state.");
    }

    /// <summary>Counts a reload.</summary>
    public void CountReload(bool ok) => _reloads.Add(1, new KeyValuePair<string, object?>("outcome", ok ? "applied" : "refused"));

    /// <summary>Counts an unexpected failure of the loop.</summary>
    public void CountFault() => _faults.Add(1);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private double LastReload() => _state().LastReload is { } last ? last.At.ToUnixTimeMilliseconds() / 1000.0 : 0;

    private double LastDuration() => _state().LastReload?.Duration.TotalSeconds ?? 0;

    private IEnumerable<Measurement<int>> ConfigInfo() =>
        _state().ConfigHash is { Length: > 0 } hash ? [new Measurement<int>(1, new KeyValuePair<string, object?>("hash", hash))] : [];

    private IEnumerable<Measurement<int>> Overridden()
    {
        var overrides = _overrides();
        foreach (var kind in Enum.GetValues<OverrideKind>())
        {
            foreach (var state in Enum.GetValues<BackendState>())
            {
                yield return new Measurement<int>(
                    overrides.All.Count(one => one.Kind == kind && one.State == state),
                    new("kind", kind.ToString().ToLowerInvariant()),
                    new("state", state.ToString().ToLowerInvariant()));
            }
        }
    }

    private IEnumerable<Measurement<int>> Endpoints()
    {
        if (_state().Snapshot is not { } snapshot) yield break;
        foreach (var (name, cluster) in snapshot.Endpoints)
        {
            foreach (var state in Enum.GetValues<EndpointState>())
            {
                yield return new Measurement<int>(
                    cluster.Endpoints.Count(endpoint => endpoint.State == state),
                    new("cluster", name),
                    new("state", state.ToString().ToLowerInvariant()));
            }
        }
    }
}
