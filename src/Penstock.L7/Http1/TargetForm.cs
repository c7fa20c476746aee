// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>The four forms of a request target (RFC 9112 section 3.2).</summary>
internal enum TargetForm : byte
{
    /// <summary><c>/path?query</c>.</summary>
    Origin,

    /// <summary><c>http://host/path?query</c>.</summary>
    Absolute,

    /// <summary><c>host:port</c>, with CONNECT only.</summary>
    Authority,

    /// <summary><c>*</c>, with OPTIONS only.</summary>
    Asterisk,
}
