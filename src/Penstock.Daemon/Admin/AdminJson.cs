// SPDX-License-Identifier: Apache-2.0
using System.Text.Json.Serialization;
using Penstock.Config.Comparison;
using Penstock.ControlPlane.Overrides;
using Penstock.Daemon.Peers;
using Penstock.Daemon.Running;
using Penstock.L4;
using Penstock.L4.Decap;
using Penstock.L7.Explaining;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.L7;
using Penstock.Model.Vrrp;

namespace Penstock.Daemon.Admin;

/// <summary>JSON of the admin API and of <c>-o json</c>: snake_case, generated at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    Converters =
    [
        typeof(SnakeCaseEnumConverter<Balancing>),
        typeof(SnakeCaseEnumConverter<BackendState>),
        typeof(SnakeCaseEnumConverter<ConfigChangeKind>),
        typeof(SnakeCaseEnumConverter<DifferenceKind>),
        typeof(SnakeCaseEnumConverter<EmptyAction>),
        typeof(SnakeCaseEnumConverter<EndpointState>),
        typeof(SnakeCaseEnumConverter<HashOn>),
        typeof(SnakeCaseEnumConverter<IpvsScheduler>),
        typeof(SnakeCaseEnumConverter<IpvsSyncRole>),
        typeof(SnakeCaseEnumConverter<KubernetesFamily>),
        typeof(SnakeCaseEnumConverter<KubernetesVia>),
        typeof(SnakeCaseEnumConverter<L4Engine>),
        typeof(SnakeCaseEnumConverter<NextHop>),
        typeof(SnakeCaseEnumConverter<OverrideKind>),
        typeof(SnakeCaseEnumConverter<PeerState>),
        typeof(SnakeCaseEnumConverter<Spread>),
        typeof(SnakeCaseEnumConverter<VrrpRole>),
        typeof(SnakeCaseEnumConverter<XdpAttach>),
        typeof(ForwardingConverter),
        typeof(HostAddressConverter),
        typeof(PortRangeConverter),
        typeof(ServiceAddressConverter),
        typeof(SourceSetConverter),
        typeof(SnakeCaseEnumConverter<HealthCheckType>),
        typeof(SnakeCaseEnumConverter<UpstreamHost>),
        typeof(StatusRangeConverter),
        typeof(DurationConverter),
        typeof(SocketEndpointConverter),
        typeof(NetworkConverter),
        typeof(InterfaceAddressConverter),
    ])]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(ReloadReport))]
[JsonSerializable(typeof(CheckReport))]
[JsonSerializable(typeof(DiffReport))]
[JsonSerializable(typeof(VersionReport))]
[JsonSerializable(typeof(SnapshotReport))]
[JsonSerializable(typeof(ApplianceConfig))]
[JsonSerializable(typeof(PacketExplanation))]
[JsonSerializable(typeof(RequestExplanation))]
[JsonSerializable(typeof(DecapStatus[]))]
[JsonSerializable(typeof(DetachReport))]
[JsonSerializable(typeof(BalancerRates))]
[JsonSerializable(typeof(StatusRates))]
[JsonSerializable(typeof(NodeReport))]
[JsonSerializable(typeof(OverrideOutcome))]
[JsonSerializable(typeof(HistoryReport))]
[JsonSerializable(typeof(HistoryEntry))]
internal sealed partial class AdminJson : JsonSerializerContext;
