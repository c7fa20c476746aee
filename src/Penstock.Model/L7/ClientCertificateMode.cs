// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>What becomes of clients without a certificate; those whose certificate can't be verified are refused in any case.</summary>
public enum ClientCertificateMode
{
    /// <summary>They are refused.</summary>
    Require,

    /// <summary>They are served, without X-Forwarded-Client-Cert.</summary>
    Optional,
}
