// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Model.Expressions;

/// <summary>One step of an automaton.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Argument">Of <see cref="InstructionKind.One"/>: the index of a set; of a split: the other way on; of a condition: which.</param>
/// <param name="Next">The way on.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Instruction(InstructionKind Kind, int Argument, int Next);
