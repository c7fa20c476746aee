// SPDX-License-Identifier: Apache-2.0
using System.Text.Json.Serialization;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Daemon.Admin;

/// <summary>JSON of the admin API and of <c>-o json</c>: snake_case, generated at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    Converters =
    [
        typeof(SnakeCaseEnumConverter<Balancing>),
        typeof(SnakeCaseEnumConverter<EndpointState>),
        typeof(SnakeCaseEnumConverter<HealthCheckType>),
        typeof(SnakeCaseEnumConverter<UpstreamHost>),
        typeof(StatusRangeConverter),
        typeof(DurationConverter),
        typeof(SocketEndpointConverter),
        typeof(NetworkConverter),
    ])]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(ReloadReport))]
[JsonSerializable(typeof(CheckReport))]
[JsonSerializable(typeof(VersionReport))]
[JsonSerializable(typeof(SnapshotReport))]
[JsonSerializable(typeof(ApplianceConfig))]
internal sealed partial class AdminJson : JsonSerializerContext;
