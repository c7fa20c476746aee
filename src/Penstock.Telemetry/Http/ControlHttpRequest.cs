// SPDX-License-Identifier: Apache-2.0
using System.Collections.Frozen;

namespace Penstock.Telemetry.Http;

/// <summary>One request, read whole.</summary>
/// <param name="Method">Method as sent; case-sensitive.</param>
/// <param name="Path">Path, not decoded.</param>
/// <param name="Query">What follows the question mark; empty without one.</param>
/// <param name="Headers">Fields by name, case-insensitive; values of a repeated one joined by a comma (RFC 9110 section 5.3).</param>
/// <param name="Body">Content, at most <see cref="ControlHttpLimits.BodyBytes"/>.</param>
public sealed record ControlHttpRequest(
    string Method,
    string Path,
    string Query,
    FrozenDictionary<string, string> Headers,
    ReadOnlyMemory<byte> Body);
