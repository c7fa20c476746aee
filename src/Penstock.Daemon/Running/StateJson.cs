// SPDX-License-Identifier: Apache-2.0
using System.Text.Json.Serialization;
using Penstock.ControlPlane.Overrides;
using Penstock.Daemon.Admin;
using Penstock.Model.L4;

namespace Penstock.Daemon.Running;

/// <summary>JSON of the files in the state folder: snake_case, generated at build time. Apart from <see cref="AdminJson"/>, since a start writes one, and is asked nothing.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    Converters = [typeof(SnakeCaseEnumConverter<BackendState>), typeof(SnakeCaseEnumConverter<OverrideKind>)])]
[JsonSerializable(typeof(HistoryEntry))]
[JsonSerializable(typeof(KeptStatus))]
[JsonSerializable(typeof(StateOverride[]))]
internal sealed partial class StateJson : JsonSerializerContext;
