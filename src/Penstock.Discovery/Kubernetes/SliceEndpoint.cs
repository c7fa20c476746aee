// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Runtime.InteropServices;

namespace Penstock.Discovery.Kubernetes;

/// <summary>An endpoint of an EndpointSlice that takes requests, or took them until a moment ago.</summary>
/// <param name="Address">Its first address; nothing is said of what others would mean.</param>
/// <param name="IsReady">Whether it takes new requests; else it serves those it has, and ends (serving and not ready, or terminating).</param>
/// <param name="Zone">Zone; empty: not known.</param>
/// <param name="Node">Node it runs on; empty: not known.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SliceEndpoint(IPAddress Address, bool IsReady, string Zone, string Node);
