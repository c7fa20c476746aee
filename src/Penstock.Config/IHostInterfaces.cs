// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Vrrp;

namespace Penstock.Config;

/// <summary>The network interfaces of the host that a configuration is for.</summary>
public interface IHostInterfaces
{
    /// <summary>Names of all.</summary>
    IReadOnlyCollection<string> Names();

    /// <summary>Addresses of one; none where it has none, or is not there.</summary>
    IReadOnlyList<InterfaceAddress> Addresses(string name);
}
