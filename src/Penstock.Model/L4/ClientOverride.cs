// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model.Schema;

namespace Penstock.Model.L4;

/// <summary>Clients of a service that go to one of its backends.</summary>
public sealed record ClientOverride
{
    /// <summary>Their addresses.</summary>
    [Example("198.51.100.0/24")]
    public required IPNetwork Clients { get; init; }

    /// <summary>Address of the backend.</summary>
    [Example("10.0.0.12")]
    public required IPAddress Backend { get; init; }
}
