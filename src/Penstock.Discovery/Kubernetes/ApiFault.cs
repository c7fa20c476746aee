// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>How an API server failed.</summary>
internal enum ApiFault
{
    /// <summary>It can't be reached, or does not answer in time, or answers with an error.</summary>
    Unavailable,

    /// <summary>The version that was asked for is no longer kept (410 Gone): a list is due.</summary>
    Expired,

    /// <summary>It has no such API (404).</summary>
    NotFound,

    /// <summary>It refuses this host (401, 403).</summary>
    Refused,

    /// <summary>What it says makes no sense, or what it was asked makes none to it (400): a list is due.</summary>
    Unusable,
}
