// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Capture;

/// <summary>A packet as it came in, with what became of it.</summary>
/// <param name="Time">When it came in.</param>
/// <param name="InterfaceIndex">Where it came in.</param>
/// <param name="Length">Bytes of the frame.</param>
/// <param name="Verdict">One of <see cref="CaptureRequest.VerdictNames"/>.</param>
/// <param name="Reason">Why it was dropped; empty: it was not.</param>
/// <param name="Service">What its service listens on; empty: it belongs to none.</param>
/// <param name="Backend">The backend it went to; empty: to none.</param>
/// <param name="IsKnownFlow">Whether its flow was known before.</param>
/// <param name="Data">The frame's first bytes.</param>
public sealed record CapturedPacket(
    DateTimeOffset Time, int InterfaceIndex, int Length, string Verdict, string Reason, string Service, string Backend, bool IsKnownFlow, byte[] Data);
