// SPDX-License-Identifier: Apache-2.0
using System.Text.Json.Serialization;
using Penstock.Daemon.Admin;
using Penstock.Model.Vrrp;

namespace Penstock.Daemon.Peers;

/// <summary>JSON between peers. What one does not know of the other's is passed over; what is missing is an error.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(SnakeCaseEnumConverter<VrrpRole>), typeof(SnakeCaseEnumConverter<DigestLevel>)])]
[JsonSerializable(typeof(PeerReport))]
[JsonSerializable(typeof(ConfigDigest))]
internal sealed partial class PeerJson : JsonSerializerContext;
