// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L7.Http1;

/// <summary>Upper bounds on one head or trailer section.</summary>
/// <param name="LineBytes">Bytes of the start line, its CRLF not counted; more is 414 for a request.</param>
/// <param name="HeadBytes">Bytes of the whole section, its last empty line included; more is 431.</param>
/// <param name="FieldCount">Number of field lines; more is 431.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct HeadLimits(int LineBytes, int HeadBytes, int FieldCount);
