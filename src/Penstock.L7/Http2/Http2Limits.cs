// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.L7.Http1;

namespace Penstock.L7.Http2;

/// <summary>Bounds on what a peer may send on a connection.</summary>
/// <param name="ConcurrentStreams">Streams it may have open at once.</param>
/// <param name="StreamWindow">Window of a stream, bytes.</param>
/// <param name="ConnectionWindow">Window of the connection, bytes.</param>
/// <param name="Head">Bounds of a field section, decoded.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Http2Limits(int ConcurrentStreams, int StreamWindow, int ConnectionWindow, HeadLimits Head);
