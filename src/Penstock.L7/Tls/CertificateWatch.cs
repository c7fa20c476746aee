// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.L7.Runtime;
using Penstock.Model;

namespace Penstock.L7.Tls;

/// <summary>Says in time that a certificate ends, that an OCSP response has, and that a certificate by ACME has lost its file: in the status at any moment, in the log once a day.</summary>
internal sealed partial class CertificateWatch : IDisposable
{
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_period = TimeSpan.FromDays(1);

    private readonly ITimer _timer;
    private readonly ILogger _logger;

    /// <summary>One that looks once a day, for the first time in a second.</summary>
    internal CertificateWatch(Func<CompiledSnapshot> current, TimeProvider time, ILogger logger)
    {
        _logger = logger;
        _timer = time.CreateTimer(
            _ =>
            {
                foreach (var warning in Warnings(current(), time.GetUtcNow()))
                    LogWarning(logger, warning);
            },
            state: null,
            s_first,
            s_period);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    /// <summary>Logs at once which certificates have lost their file since another snapshot.</summary>
    internal void TellOfLosses(CompiledSnapshot before, CompiledSnapshot now)
    {
        foreach (var warning in Losses(now).Except(Losses(before), StringComparer.Ordinal))
            LogWarning(_logger, warning);
    }

    /// <summary>Certificates that have ended, or soon end, or have lost their file, and OCSP responses that have ended.</summary>
    internal static IEnumerable<string> Warnings(CompiledSnapshot snapshot, DateTimeOffset now) =>
        Shown(snapshot, now).Concat(
            from one in Others(snapshot)
            where one.Certificate.End.IsToTell(now)
            select $"{one.Owner}: {one.Certificate.What} {Text(one.Certificate.End, now)}");

    /// <summary>Certificates whose end matters beside those that listeners show, and whose they are, as <c>listener NAME</c> or <c>cluster NAME</c>.</summary>
    internal static IEnumerable<(string Owner, WatchedCertificate Certificate)> Others(CompiledSnapshot snapshot)
    {
        foreach (var listener in snapshot.Listeners)
        {
            foreach (var certificate in listener?.Tls?.Others ?? [])
                yield return ($"listener {listener!.Config.Name}", certificate); // It has TLS.
        }

        foreach (var (name, cluster) in snapshot.Clusters.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            foreach (var certificate in cluster.Certificates)
                yield return ($"cluster {name}", certificate);
        }
    }

    private static IEnumerable<string> Shown(CompiledSnapshot snapshot, DateTimeOffset now) =>
        from listener in snapshot.Listeners
        where listener?.Tls is not null
        from certificate in listener.Tls!.Certificates // As above.
        from warning in Warnings(certificate, now)
        select $"listener {listener.Config.Name}: {warning}";

    private static IEnumerable<string> Warnings(ServerCertificate certificate, DateTimeOffset now)
    {
        if (certificate.End.IsToTell(now))
            yield return $"certificate {certificate.Config.Cert} {Text(certificate.End, now)}";
        if (certificate.IsLost)
            yield return Loss(certificate);
        if (certificate.Staple is { } staple && staple.Until < now)
            yield return $"the OCSP response {certificate.Config.Ocsp} ended at {staple.Until:yyyy-MM-dd HH:mm:ss}Z: it is not sent";
    }

    private static IEnumerable<string> Losses(CompiledSnapshot snapshot) =>
        from listener in snapshot.Listeners
        where listener?.Tls is not null
        from certificate in listener.Tls!.Certificates // As above.
        where certificate.IsLost
        select $"listener {listener.Config.Name}: {Loss(certificate)}";

    private static string Loss(ServerCertificate certificate) => $"certificate {certificate.Config.Cert} is gone, or can't be served as it is now: what was read of it before is shown on, though not after a restart";

    private static string Text(CertificateEnd end, DateTimeOffset now) => $"{(end.IsOver(now) ? "ended" : "ends")} at {end}";

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Warning}")]
    private static partial void LogWarning(ILogger logger, string warning);
}
