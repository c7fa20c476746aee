// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>What <c>penstock version</c> tells.</summary>
/// <param name="Version">Version of the product.</param>
/// <param name="Runtime">Version of .NET inside the binary.</param>
internal sealed record VersionReport(string Version, string Runtime);
