// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>Versions and ciphers of TLS, by Mozilla's Server Side TLS, version 5.7 (https://wiki.mozilla.org/Security/Server_Side_TLS).</summary>
public enum TlsProfile
{
    /// <summary>TLS 1.2 and 1.3; for 1.2 only ciphers with ECDHE and AEAD, which leaves out the profile's DHE ones. Takes every client since about 2014.</summary>
    Intermediate,

    /// <summary>TLS 1.3 alone: clients since about 2019.</summary>
    Modern,
}
