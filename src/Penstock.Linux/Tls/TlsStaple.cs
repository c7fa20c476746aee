// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Tls;

/// <summary>An OCSP response that is sent with a certificate (RFC 6066 section 8).</summary>
/// <param name="Response">The response (RFC 6960, DER).</param>
/// <param name="Until">When it is worth nothing any more: from then on it is not sent, since clients that get an old one go, and those that get none stay.</param>
public sealed record TlsStaple(byte[] Response, DateTimeOffset Until);
