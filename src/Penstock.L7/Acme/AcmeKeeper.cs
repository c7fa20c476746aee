// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Penstock.Linux.Tls;
using Penstock.Model;

namespace Penstock.L7.Acme;

/// <summary>Has certificates by ACME and renews them in time, one after the other. Whatever goes wrong, what is kept is served on.</summary>
internal sealed partial class AcmeKeeper : IAsyncDisposable
{
    // Clocks are set, and timers take no more than some weeks.
    private static readonly TimeSpan s_look = TimeSpan.FromHours(1);

    private readonly AcmeChallenges _challenges;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Func<HttpMessageHandler>? _transport;
    private readonly CancellationTokenSource _stop = new();
    private readonly Meter _meter = new("Penstock.L7.Acme");
    private readonly Task _running;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private AcmePlan _plan = AcmePlan.None;

    /// <summary>One that asks for nothing until <see cref="Serve"/>.</summary>
    /// <param name="challenges">Where answers to the CA are put.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    /// <param name="transport">Makes what carries requests; null: TLS.</param>
    internal AcmeKeeper(AcmeChallenges challenges, TimeProvider time, ILogger logger, Func<HttpMessageHandler>? transport = null)
    {
        (_challenges, _time, _logger, _transport) = (challenges, time, logger, transport);
        _meter.CreateObservableCounter("penstock.acme.orders", Orders, unit: null, "Certificates asked for by ACME, by how that ended.");
        _meter.CreateObservableGauge("penstock.acme.failures", () => Plan.Certificates.Select(one => new Measurement<long>(one.Failures, Tag("certificate", one.Path))), unit: null, "Attempts in a row that have not brought a certificate by ACME; 0: the last one has.");
        _running = Task.Run(RunAsync);
    }

    /// <summary>Called after a certificate has been written, on a thread of its own.</summary>
    internal Func<Task>? Issued { get; set; }

    private AcmePlan Plan => Volatile.Read(ref _plan);

    /// <summary>Goes by a configuration from now on.</summary>
    internal void Serve(ApplianceConfig config)
    {
        Interlocked.Exchange(ref _plan, AcmePlan.Of(config, Plan, _time.GetUtcNow())); // seen by the loop before it waits, or it is woken
        Volatile.Read(ref _changed).TrySetResult();
    }

    /// <summary>What asks for attention, a line each.</summary>
    internal IEnumerable<string> Warnings()
    {
        foreach (var one in Plan.Certificates)
        {
            var what = $"acme: {string.Join(", ", one.Names)}: {(one.IsKept ? "" : "there is no certificate yet, and clients that ask for them are refused or shown another")}";
            if (one.Trouble is { } trouble)
                yield return $"{what}{(one.IsKept ? "" : "; ")}the certificate was not had {one.Failures} times: {trouble}; asked for again at {one.DueAt:yyyy-MM-dd HH:mm:ss}Z";
            else if (!one.IsKept)
                yield return what;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _meter.Dispose();
        _stop.Dispose();
    }

    private static KeyValuePair<string, object?> Tag(string key, object value) => new(key, value);

    private IEnumerable<Measurement<long>> Orders()
    {
        foreach (var one in Plan.Certificates)
        {
            yield return new Measurement<long>(one.Issued, Tag("certificate", one.Path), Tag("result", "issued"));
            yield return new Measurement<long>(one.Failed, Tag("certificate", one.Path), Tag("result", "failed"));
        }
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var changed = Volatile.Read(ref _changed);
            if (changed.Task.IsCompleted)
                Interlocked.Exchange(ref _changed, changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            var plan = Plan; // read after that: a change of it from here on is waited for
            var now = _time.GetUtcNow();
            foreach (var one in plan.Certificates)
                one.LookAgain(plan.Authority?.RenewBefore, now);
            var next = plan.Certificates.MinBy(one => one.DueAt);
            var wait = next is null ? s_look : next.DueAt - now;
            if (next is not null && wait <= TimeSpan.Zero)
                await TryAsync(plan, next);
            else
                await changed.Task.WaitAsync(wait < s_look ? wait : s_look, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TryAsync(AcmePlan plan, AcmeCertificate one)
    {
        var (names, longest) = (string.Join(", ", one.Names), plan.LongestOrder(one));
        try
        {
            using var limit = new CancellationTokenSource(longest, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
            await IssueAsync(plan, one, either.Token);
            one.Succeed(plan.Authority!.RenewBefore, _time.GetUtcNow()); // a plan with certificates has a CA
            LogIssued(_logger, names, one.DueAt);
            if (Issued is { } told)
                await told();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The daemon stops.
        }
        catch (Exception error)
        {
            // The one catch-all of this loop: a CA can answer anything, and what is kept is served on.
            var reason = error switch
            {
                AcmeException refused => refused.Message,
                OperationCanceledException => $"the CA has not finished within {longest.TotalMinutes:0} minutes",
                IOException or UnauthorizedAccessException or TlsException or CryptographicException => AcmeAnswer.Plain(error.Message),
                _ => $"{error.GetType().Name}: {AcmeAnswer.Plain(error.Message)}",
            };
            one.Fail(reason, error is AcmeException { IsUnreachable: true }, (error as AcmeException)?.RetryAfter, _time.GetUtcNow());
            LogFailed(_logger, names, reason, one.DueAt);
        }
    }

    private async Task IssueAsync(AcmePlan plan, AcmeCertificate one, CancellationToken cancellation)
    {
        KeptCertificate.Prepare(Path.GetDirectoryName(one.Path)!); // it is below the folder
        KeptCertificate.Probe(one.Path);
        using var key = AcmeKey.Load(Path.Combine(plan.Folder, "account.key"));
        using var client = new AcmeClient(plan.Authority!, key, _time, _transport?.Invoke()); // as above
        await client.RegisterAsync(cancellation);
        var pem = await new AcmeOrder(client, key.Thumbprint, _challenges, plan.Known, plan.Authority!.Proof, _time).IssueAsync(one.Names, cancellation);
        KeptCertificate.Write(one.Path, pem);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "acme: {Names}: the CA has issued a certificate; the next is asked for at {DueAt:yyyy-MM-dd HH:mm:ss}Z")]
    private static partial void LogIssued(ILogger logger, string names, DateTimeOffset dueAt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "acme: {Names}: {Reason}; asked for again at {DueAt:yyyy-MM-dd HH:mm:ss}Z")]
    private static partial void LogFailed(ILogger logger, string names, string reason, DateTimeOffset dueAt);
}
