// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Linux.Tls;
using Penstock.Model.L7;

namespace Penstock.L7.Tls;

/// <summary>A cluster's TLS as of one reading of its files.</summary>
/// <param name="Config">What it was read for.</param>
/// <param name="Client">What is spoken to its endpoints.</param>
/// <param name="Certificates">Certificates whose end matters to it.</param>
internal sealed record ClusterTls(ClusterTlsConfig Config, TlsClient Client, ImmutableArray<WatchedCertificate> Certificates);
