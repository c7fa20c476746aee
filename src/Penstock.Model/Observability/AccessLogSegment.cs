// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Observability;

/// <summary>A piece of an access log format: either text or a field.</summary>
/// <param name="Text">Text to print as it is; null for a field.</param>
/// <param name="Field">The field, when <paramref name="Text"/> is null.</param>
public readonly record struct AccessLogSegment(string? Text, AccessLogField Field);
