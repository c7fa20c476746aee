// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Dns;

/// <summary>Types of resource records that are read (RFC 1035 section 3.2.2, RFC 3596).</summary>
internal enum DnsRecordType : ushort
{
    A = 1,
    Cname = 5,
    Aaaa = 28,
}
