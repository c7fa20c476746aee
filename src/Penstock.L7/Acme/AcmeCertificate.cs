// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Penstock.Model;

namespace Penstock.L7.Acme;

/// <summary>A certificate that is had by ACME: what is kept, and how asking for it went. Changed by <see cref="AcmeKeeper"/>'s loop alone, read by any thread.</summary>
/// <param name="path">File that it is kept in.</param>
/// <param name="names">Names that it is for.</param>
/// <param name="isOfAnother">Whether what is kept may be of another CA than is asked now.</param>
internal sealed class AcmeCertificate(string path, ImmutableArray<string> names, bool isOfAnother = false)
{
    // The CA's clock, and that of the clients, may be others: half of its life is over before another is asked for.
    private const int MostOfLife = 2, UsualOfLife = 3;

    // Two hosts with certificates of the same minute do not ask in the same minute.
    private const double Spread = 0.02;

    private static readonly TimeSpan s_firstWait = TimeSpan.FromMinutes(2), s_firstUnreachableWait = TimeSpan.FromSeconds(5), s_longestWait = TimeSpan.FromHours(6), s_leastLife = TimeSpan.FromSeconds(10);

    // More than lies between the time that is counted from and that of counting.
    private static readonly TimeSpan s_leastStep = TimeSpan.FromMinutes(1);

    // What DueAt was counted from.
    private DateTimeOffset _countedFrom;
    private long _issued;
    private long _failed;
    private long _failures;

    /// <summary>File that it is kept in.</summary>
    internal string Path { get; } = path;

    /// <summary>Names that it is for.</summary>
    internal ImmutableArray<string> Names { get; } = names;

    /// <summary>Whether what is kept may be of another CA than is asked now, which is to issue its own.</summary>
    internal bool IsOfAnother { get; private set; } = isOfAnother;

    /// <summary>When the CA is asked for it, or for the next.</summary>
    internal DateTimeOffset DueAt { get; private set; }

    /// <summary>Whether there is one to serve.</summary>
    internal bool IsKept { get; private set; }

    /// <summary>Why it was not had the last time; null: it was.</summary>
    internal string? Trouble { get; private set; }

    /// <summary>Certificates that were had.</summary>
    internal long Issued => Volatile.Read(ref _issued);

    /// <summary>Attempts that failed.</summary>
    internal long Failed => Volatile.Read(ref _failed);

    /// <summary>Attempts that failed since the last that did not.</summary>
    internal long Failures => Volatile.Read(ref _failures);

    /// <summary>Time before a certificate's end by which another is asked for at the latest.</summary>
    /// <param name="kept">The certificate.</param>
    /// <param name="renewBefore">As configured; null: a third of its life.</param>
    internal static TimeSpan RenewedBefore(X509Certificate2 kept, TimeSpan? renewBefore)
    {
        var life = CertificateEnd.LifeOf(kept);
        if (renewBefore is not { } wanted)
            return life / UsualOfLife;
        return wanted < life / MostOfLife ? wanted : life / MostOfLife;
    }

    /// <summary>Looks at what is kept.</summary>
    /// <param name="renewBefore">Time before its end from which on another is asked for; null: a third of its life.</param>
    /// <param name="soonest">When it is asked for at the earliest.</param>
    internal void Look(TimeSpan? renewBefore, DateTimeOffset soonest)
    {
        using var kept = KeptCertificate.Read(Path);
        IsKept = kept is not null;
        _countedFrom = soonest;
        if (kept is null || IsOfAnother || !KeptCertificate.IsFor(kept, Names))
        {
            DueAt = soonest;
            return;
        }

        var due = CertificateEnd.Of(kept).At - RenewedBefore(kept, renewBefore) - (CertificateEnd.LifeOf(kept) * (Spread * Random.Shared.NextDouble()));
        DueAt = due > soonest ? due : soonest;
    }

    /// <summary>Counts anew where the clock was set back since it was counted: what was ahead of it would not come for as long. What has failed is waited for as long as before.</summary>
    /// <param name="renewBefore">As for <see cref="Look"/>.</param>
    /// <param name="now">The time.</param>
    internal void LookAgain(TimeSpan? renewBefore, DateTimeOffset now)
    {
        if (now >= _countedFrom - s_leastStep)
            return;
        if (Trouble is null)
            Look(renewBefore, now);
        else
            (DueAt, _countedFrom) = (now + (DueAt - _countedFrom), now);
    }

    /// <summary>Another was had.</summary>
    internal void Succeed(TimeSpan? renewBefore, DateTimeOffset now)
    {
        Trouble = null;
        IsOfAnother = false;
        Volatile.Write(ref _failures, 0);
        Volatile.Write(ref _issued, _issued + 1);
        Look(renewBefore, now + s_leastLife);
    }

    /// <summary>None was had: each time the wait is twice as long, and at least what the CA asks for.</summary>
    /// <param name="trouble">Why.</param>
    /// <param name="isUnreachable">Whether the CA has not been asked: then it takes no harm from being asked soon.</param>
    /// <param name="retryAfter">How long the CA asks to be left alone; null: it does not say.</param>
    /// <param name="now">The time.</param>
    internal void Fail(string trouble, bool isUnreachable, TimeSpan? retryAfter, DateTimeOffset now)
    {
        const int mostDoublings = 20;
        Volatile.Write(ref _failed, _failed + 1);
        Volatile.Write(ref _failures, _failures + 1);
        var wait = (isUnreachable ? s_firstUnreachableWait : s_firstWait) * Math.Pow(2, Math.Min(_failures - 1, mostDoublings));
        if (wait > s_longestWait)
            wait = s_longestWait;
        wait *= 0.8 + (0.4 * Random.Shared.NextDouble());
        _countedFrom = now;
        DueAt = now + (retryAfter > wait ? retryAfter.Value : wait);
        Trouble = trouble;
    }
}
