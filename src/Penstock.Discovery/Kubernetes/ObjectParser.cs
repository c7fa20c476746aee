// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Reads an object that the reader stands at the beginning of; throws <see cref="InvalidDataException"/>, <see cref="JsonException"/> or <see cref="InvalidOperationException"/> for what is none.</summary>
/// <param name="reader">The reader.</param>
internal delegate T ObjectParser<out T>(ref Utf8JsonReader reader);
