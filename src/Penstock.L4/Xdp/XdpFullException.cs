// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Xdp;

/// <summary>The maps have no room for what is asked: they are to be made larger.</summary>
internal sealed class XdpFullException(string what) : Exception(what);
