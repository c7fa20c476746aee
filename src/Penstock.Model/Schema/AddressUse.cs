// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>What an address is for.</summary>
public enum AddressUse
{
    /// <summary>Listening: any form, port 0 included.</summary>
    Bind,

    /// <summary>Connecting: one IP address and port, or a Unix socket.</summary>
    Connect,

    /// <summary>Connecting to an IP address only, or listening on one.</summary>
    ConnectIp,
}
