// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>struct iovec: one piece of a gathered write.</summary>
/// <param name="Base">First byte; must stay where it is for the duration of the call.</param>
/// <param name="Length">Bytes.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct IoVector(nint Base, nuint Length);
