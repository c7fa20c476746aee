// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>What the kernel knows of a program.</summary>
/// <param name="Id">Number in the kernel, not reused until it wraps.</param>
/// <param name="Name">At most 15 letters.</param>
/// <param name="Tag">Hash of its instructions, 16 hexadecimal digits in the host's byte order.</param>
/// <param name="MapIds">Maps it uses.</param>
/// <param name="VerifiedInstructions">Instructions the verifier walked (kernel 5.16; 0 before).</param>
/// <param name="Instructions">Instructions it has after the kernel's rewriting; 0 where reading them is not permitted.</param>
public sealed record BpfProgramInfo(uint Id, string Name, string Tag, IReadOnlyList<uint> MapIds, uint VerifiedInstructions, uint Instructions);
