// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Observability;

/// <summary>Fields of variable length, in the order in which a packed record holds them.</summary>
internal enum PackedField
{
    ClientAddress,
    Method,
    Target,
    Host,
    UserAgent,
    Referer,
    RequestId,
    Reason,
    Listener,
    Route,
    Cluster,
    Endpoint,
    ProxyValues,
}
