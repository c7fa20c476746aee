// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>A Node.</summary>
/// <param name="Metadata">Its metadata.</param>
/// <param name="Internal">Its addresses of type InternalIP.</param>
/// <param name="External">Its addresses of type ExternalIP.</param>
/// <param name="IsReady">Whether kubelet says that it is ready.</param>
/// <param name="IsGoing">Whether it is about to be removed, or is cordoned, which comes before most repairs.</param>
internal sealed record NodeObject(ApiMetadata Metadata, NodeAddresses Internal, NodeAddresses External, bool IsReady, bool IsGoing) : ApiObject(Metadata);
