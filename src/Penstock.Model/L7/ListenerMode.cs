// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>What is done with a listener's connections.</summary>
public enum ListenerMode
{
    /// <summary>Requests are read and routed one by one.</summary>
    Http,

    /// <summary>Each is connected to one endpoint, and bytes go both ways as they are.</summary>
    Tcp,
}
