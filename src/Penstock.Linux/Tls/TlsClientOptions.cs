// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Tls;

/// <summary>What a <see cref="TlsClient"/> goes by.</summary>
/// <param name="Ca">File (PEM) of the CAs that servers are believed of; null: those of the system.</param>
/// <param name="Certificate">File (PEM) of its own certificate, shown to servers that ask; null: none.</param>
/// <param name="Key">File (PEM) of its key.</param>
/// <param name="ServerName">Name that it asks for (SNI), a dot at its end aside, and that the server's certificate has to be for where there are no names; null: none.</param>
/// <param name="Names">DNS names and URIs of which the server's certificate has to have one, exactly; empty: the server's name counts.</param>
/// <param name="Verifies">Whether it looks at the certificate at all.</param>
/// <param name="Protocol">The protocol that it offers by ALPN.</param>
public sealed record TlsClientOptions(string? Ca, string? Certificate, string? Key, string? ServerName, IReadOnlyList<string> Names, bool Verifies, string Protocol);
