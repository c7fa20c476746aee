// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.Discovery.Kubernetes;

/// <summary>A Node.</summary>
/// <param name="Metadata">Its metadata.</param>
/// <param name="Internal">Its first address of type InternalIP; null: none.</param>
/// <param name="External">Its first address of type ExternalIP; null: none.</param>
/// <param name="IsReady">Whether kubelet says that it is ready.</param>
/// <param name="IsGoing">Whether it is about to be removed, or is cordoned, which comes before most repairs.</param>
internal sealed record NodeObject(ApiMetadata Metadata, IPAddress? Internal, IPAddress? External, bool IsReady, bool IsGoing) : ApiObject(Metadata);
