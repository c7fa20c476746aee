// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model;

namespace Penstock.L7.Acme;

/// <summary>What is to be had by ACME.</summary>
/// <param name="Authority">The CA; null: none is configured, and nothing is asked for.</param>
/// <param name="Folder">Where the account's key and the certificates are kept.</param>
/// <param name="Known">Time until all who may be asked by the CA know an answer.</param>
/// <param name="Certificates">The certificates.</param>
internal sealed record AcmePlan(AcmeConfig? Authority, string Folder, TimeSpan Known, ImmutableArray<AcmeCertificate> Certificates)
{
    // A CA that is slow, or an order that never settles, must not keep others from being asked for.
    private static readonly TimeSpan s_longestOrder = TimeSpan.FromMinutes(10);

    /// <summary>Nothing.</summary>
    internal static AcmePlan None { get; } = new(Authority: null, "", TimeSpan.Zero, []);

    /// <summary>Time for an order: the names are proven one after the other, and each waits until all know of it.</summary>
    internal TimeSpan LongestOrder(AcmeCertificate certificate) => s_longestOrder + (Known * certificate.Names.Length);

    /// <summary>What a configuration asks for. What has become of a certificate before is kept, unless another CA is to be asked; where that has another directory, at once.</summary>
    internal static AcmePlan Of(ApplianceConfig config, AcmePlan before, DateTimeOffset now)
    {
        if (config.Acme is not { } authority)
            return None;

        // Addresses that move between hosts may come a moment after the listeners.
        var moves = !config.Vrrp.IsDefaultOrEmpty || config.Bgp is not null || config.Peers is not null;
        var soonest = moves ? now + TimeSpan.FromSeconds(5) : now;
        var last = before.Certificates.ToDictionary(one => one.Path, StringComparer.Ordinal);
        var known = before.Authority == authority ? last : [];
        var isAnother = before.Authority is { } asked && !string.Equals(asked.Directory, authority.Directory, StringComparison.Ordinal);
        var wanted = config.L7.Listeners.SelectMany(listener => listener.Tls?.Certificates ?? []).Where(certificate => !certificate.Acme.IsEmpty).DistinctBy(certificate => certificate.Cert, StringComparer.Ordinal);
        return new AcmePlan(
            authority,
            Path.Combine(config.State, "acme"),
            config.Peers is { } peers ? peers.Interval * 3 : TimeSpan.Zero, // one may be lost
            [.. wanted.Select(certificate => known.GetValueOrDefault(certificate.Cert) is { } one && one.Names.SequenceEqual(certificate.Acme, StringComparer.Ordinal) ? one : Begun(new AcmeCertificate(certificate.Cert, certificate.Acme, isAnother || last.GetValueOrDefault(certificate.Cert) is { IsOfAnother: true }), authority, soonest))]);
    }

    private static AcmeCertificate Begun(AcmeCertificate certificate, AcmeConfig authority, DateTimeOffset soonest)
    {
        certificate.Look(authority.RenewBefore, soonest);
        return certificate;
    }
}
