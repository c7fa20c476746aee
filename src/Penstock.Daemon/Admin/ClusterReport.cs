// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>One cluster.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Endpoints">Its endpoints.</param>
internal sealed record ClusterReport(string Name, IReadOnlyList<EndpointReport> Endpoints);
