// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.L4.Xdp;

/// <summary>Where frames for real servers on links of this host go.</summary>
internal interface ILinkHops
{
    /// <summary>What is known of one now. One that was not asked for before is followed from then on.</summary>
    LinkHop Find(IPAddress address);
}
