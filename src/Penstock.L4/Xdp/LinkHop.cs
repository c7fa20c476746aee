// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Xdp;

/// <summary>Where frames for a real server on a link of this host go.</summary>
/// <param name="Mac">Its MAC address.</param>
/// <param name="Egress">The interface they leave by; null: none is known.</param>
/// <param name="Fault">Why none can be sent, for people; empty: they can.</param>
internal sealed record LinkHop(Layout.Mac Mac, HostInterface? Egress, string Fault = "");
