// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.ControlPlane.Overrides;
using Penstock.Daemon.Admin;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.Daemon.Running;

/// <summary>Keeps the states that operators give to services, backends, clusters and endpoints.</summary>
internal sealed class StateOverrides : IDisposable
{
    /// <summary>Most of them.</summary>
    public const int Most = 1000;

    private readonly OverrideRecord _record;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private OverrideSet _current = OverrideSet.None;
    private volatile string? _trouble;

    /// <summary>As the daemon before has left them.</summary>
    /// <param name="record">Where they are kept.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    public StateOverrides(OverrideRecord record, TimeProvider time, ILogger logger)
    {
        (_record, _time, _logger) = (record, time, logger);
        try
        {
            _current = record.Read();
        }
        catch (IOException error)
        {
            _trouble = $"what operators have drained or taken out is not known, and all of it is as the configuration says: {error.Message}";
            logger.LogError("{Trouble}", _trouble);
        }

        foreach (var one in _current.All)
            logger.LogWarning("{Kind} {Target} is in {State} {Reason}, whatever the configuration says", OverrideQuestion.Word(one.Kind), one.Target, one.State.ToString().ToLowerInvariant(), one.Reason);
    }

    /// <summary>What counts now.</summary>
    public OverrideSet Current => Volatile.Read(ref _current);

    /// <summary>Changes one.</summary>
    /// <param name="question">What is wanted.</param>
    /// <param name="running">What runs.</param>
    /// <param name="publish">Has it take effect; returns why it did not.</param>
    /// <exception cref="IOException">It can't be recorded; nothing has changed.</exception>
    public async Task<OverrideOutcome> ChangeAsync(OverrideQuestion question, Snapshot running, Func<Task<string?>> publish)
    {
        await _turn.WaitAsync();
        try
        {
            var target = OverrideTarget.Find(question.Kind, question.Target, running, out var unknown) ?? Gone(question);
            if (target is null)
                return new OverrideOutcome(Ok: false, unknown, Trouble: null, Report(running));
            var next = Next(question, target);
            if (next.Count > Most)
                return new OverrideOutcome(Ok: false, $"there are {Most} overrides, and may be no more", Trouble: null, Report(running));
            if (_trouble is not null)
                _record.SetAside();
            _record.Write(next);
            Volatile.Write(ref _current, next);
            _trouble = null;
            var message = Told(target, next);
            _logger.LogWarning("{Change}", message);
            var warning = question.State is BackendState.Drain or BackendState.Maintenance ? RemainingTargets.Warning(target, next, running) : null;
            if (warning is not null)
                _logger.LogWarning("{Warning}", warning);
            return new OverrideOutcome(Ok: true, message, await publish(), Report(running)) { Warning = warning };
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>All of them, beside what the configuration says.</summary>
    public IReadOnlyList<OverrideStatus> Report(Snapshot? running) =>
    [
        .. from one in Current.All
           let target = running is null ? null : OverrideTarget.Of(one, running)
           select new OverrideStatus(one.Kind, one.Target, one.State, target?.Configured, running is null || target is not null, one.Since, one.By, one.Why),
    ];

    /// <summary>What asks for attention.</summary>
    public IEnumerable<string> Warnings(Snapshot? running)
    {
        if (_trouble is { } trouble)
            yield return trouble;
        foreach (var one in Report(running).Where(one => !one.Exists))
            yield return $"the override of {OverrideQuestion.Word(one.Kind)} {one.Target} ({one.State.ToString().ToLowerInvariant()}) is of nothing there is now: penstock ready --{OverrideQuestion.Word(one.Kind)} {one.Target} ends it";
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private static string Told(OverrideTarget target, OverrideSet now)
    {
        var what = $"{OverrideQuestion.Word(target.Kind)} {(target.Address is null ? target.Name : $"{target.Name}/{target.Address}")}";
        if (now.Find(target.Kind, target.Name, target.Address) is { } one)
            return $"{what} is in {one.State.ToString().ToLowerInvariant()} {one.Reason}";
        if (target.Address is not null)
            return now.Find(Whole(target.Kind), target.Name, address: null) is { } whole ? $"{what} is as its {OverrideQuestion.Word(whole.Kind)}: {whole.State.ToString().ToLowerInvariant()}" : $"{what} is as configured{(target.Configured is { } state ? $": {state.ToString().ToLowerInvariant()}" : "")}";
        var others = now.All.Count(other => other.Address is not null && Whole(other.Kind) == target.Kind && string.Equals(other.Name, target.Name, StringComparison.Ordinal));
        return $"{what} is as configured{(others == 0 ? "" : $", but for {others} {(others == 1 ? "override" : "overrides")} of what is in it")}";
    }

    private static OverrideKind Whole(OverrideKind kind) => kind is OverrideKind.Backend or OverrideKind.Service ? OverrideKind.Service : OverrideKind.Cluster;

    // What is no more can be taken back in.
    private OverrideTarget? Gone(OverrideQuestion question)
    {
        if (question.State is BackendState.Drain or BackendState.Maintenance)
            return null;
        var (name, address) = OverrideTarget.Split(question.Kind, question.Target);
        return Current.Find(question.Kind, name, address) is null ? null : new OverrideTarget(question.Kind, name, address, Configured: null);
    }

    // That something is ready needs to be said only where something else would hold otherwise. Of a whole service or cluster it is not: what the configuration takes out stays out.
    private OverrideSet Next(OverrideQuestion question, OverrideTarget target)
    {
        var without = Current.Without(target.Kind, target.Name, target.Address);
        if (question.State is not { } state)
            return without;
        if (state == BackendState.Ready)
        {
            var otherwise = target.Address is null ? BackendState.Ready : without.Find(Whole(target.Kind), target.Name, address: null)?.State ?? target.Configured ?? BackendState.Ready;
            if (otherwise == BackendState.Ready)
                return without;
        }

        return without.With(new StateOverride(target.Kind, target.Name, target.Address, state, _time.GetUtcNow(), question.By, question.Why));
    }
}
