// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>What becomes of a connection that does not begin with a TLS ClientHello where one was expected.</summary>
public enum NotTls
{
    /// <summary>It is closed.</summary>
    Close,

    /// <summary>It goes where <c>to</c> says.</summary>
    Default,
}
