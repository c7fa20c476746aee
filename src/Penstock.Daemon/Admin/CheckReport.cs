// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>What <c>penstock check</c> found.</summary>
/// <param name="Ok">Whether the configuration can be applied.</param>
/// <param name="Listeners">Number of listeners; 0 unless it can be.</param>
/// <param name="Routes">Number of routes.</param>
/// <param name="Clusters">Number of clusters.</param>
/// <param name="Services">Number of services of the L4 tier.</param>
/// <param name="Instances">Number of VRRP instances.</param>
/// <param name="Announced">Number of addresses that BGP announces.</param>
/// <param name="IpvsState">File that lists the services made in IPVS (<c>l4.ipvs.state</c>); null unless it can be.</param>
/// <param name="BirdRun">Folder of the list of addresses put on lo (<c>bird.run</c>); null unless it can be.</param>
/// <param name="Diagnostics">Every error and warning.</param>
internal sealed record CheckReport(
    bool Ok, int Listeners, int Routes, int Clusters, int Services, int Instances, int Announced, string? IpvsState, string? BirdRun, IReadOnlyList<DiagnosticReport> Diagnostics);
