// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Tls;

/// <summary>What a server shows to a CA that asks for the protocol acme-tls/1 (RFC 8737).</summary>
/// <param name="Certificate">The certificate, DER.</param>
/// <param name="Key">Its key, an ECPrivateKey of RFC 5915, DER.</param>
public sealed record TlsChallengeCertificate(byte[] Certificate, byte[] Key);
