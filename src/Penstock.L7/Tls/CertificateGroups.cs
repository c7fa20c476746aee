// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.L7.Tls;

/// <summary>Which certificates serve which name: for each kind of key the first in the order of the configuration.</summary>
internal sealed class CertificateGroups
{
    private const string Wildcard = "*.";

    private readonly ImmutableArray<ServerCertificate> _certificates;

    internal CertificateGroups(ImmutableArray<ServerCertificate> certificates)
    {
        _certificates = certificates;
        foreach (var name in certificates.SelectMany(certificate => certificate.Names).Distinct(StringComparer.Ordinal))
        {
            if (name.StartsWith(Wildcard, StringComparison.Ordinal))
                ByWildcard.Add(name[1..], GroupOf(name));
            else
                ByName.Add(name, GroupOf(name));
        }

        Default = certificates.IsEmpty ? []
            : certificates[0].Names is [var first, ..] ? GroupOf(first)
            : [certificates[0]];
    }

    /// <summary>For clients that ask for no name, or for one that no certificate is for: the first certificate, with those of its first name; empty: there is no certificate yet, and they are refused.</summary>
    internal ImmutableArray<ServerCertificate> Default { get; }

    /// <summary>By name.</summary>
    internal Dictionary<string, ImmutableArray<ServerCertificate>> ByName { get; } = new(StringComparer.Ordinal);

    /// <summary>By what follows the star, such as <c>.example.com</c>.</summary>
    internal Dictionary<string, ImmutableArray<ServerCertificate>> ByWildcard { get; } = new(StringComparer.Ordinal);

    private ImmutableArray<ServerCertificate> GroupOf(string name) =>
        [.. _certificates.Where(certificate => certificate.Names.Contains(name, StringComparer.Ordinal)).DistinctBy(certificate => certificate.KeyKind, StringComparer.Ordinal)];
}
