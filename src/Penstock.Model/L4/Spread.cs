// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>Over which hosts a service of the proxy tier goes.</summary>
public enum Spread
{
    /// <summary>This one and all under <c>peers</c>.</summary>
    Peers,

    /// <summary>This one alone.</summary>
    Host,
}
