// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Acme;

/// <summary>What a CA asks for at a name, as long as an order waits for it.</summary>
/// <param name="Name">The name, lower case.</param>
/// <param name="Token">What it asks for: up to 512 letters of base64url.</param>
/// <param name="Authorization">What proves the account: the token, a dot, and the thumbprint of the account's key (RFC 8555 section 8.1).</param>
public sealed record AcmeChallenge(string Name, string Token, string Authorization);
