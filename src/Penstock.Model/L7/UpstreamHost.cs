// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>Which Host an endpoint sees.</summary>
public enum UpstreamHost
{
    /// <summary>The client's.</summary>
    Preserve,

    /// <summary>The endpoint's address.</summary>
    Endpoint,
}
