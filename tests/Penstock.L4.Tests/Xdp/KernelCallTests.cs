// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;

namespace Penstock.L4.Tests.Xdp;

/// <summary>The programs load on Linux 5.15: they call what that has, and what it lacks only where the kernel was asked for it.</summary>
public sealed class KernelCallTests
{
    private const int LastOf515 = 175; // BPF_FUNC_task_pt_regs (include/uapi/linux/bpf.h of 5.15)

    [XdpTheory]
    [InlineData("xdp_lb")]
    [InlineData("decap")]
    [InlineData("probe")]
    public void Helpers_OfAProgram_AreThoseOf515OrAskedForAtTheStart(string program)
    {
        var calls = Calls(File.ReadAllBytes(ProgramObject.Path(program)));

        calls.ShouldNotBeEmpty();
        calls.ShouldAllBe(call => call.Kind != Kernel, "functions of the kernel (kfuncs) come and go");
        foreach (var helper in calls.Where(call => call.Kind == Helper && call.Number > LastOf515).Select(call => call.Number).Distinct())
            HostNeeds.Lacks(asked => (int)asked != helper).ShouldNotBeEmpty($"helper {helper} is younger than 5.15, and its lack has no name at the start");
    }

    [XdpFact]
    public void Helpers_YoungerThan515_AreThoseOfFramesOfSeveralBuffersAndCaptures() =>
        Calls(File.ReadAllBytes(ProgramObject.Path("xdp_lb"))).Where(call => call.Kind == Helper && call.Number > LastOf515).Select(call => (BpfFunction)call.Number).Distinct()
            .ShouldBe([BpfFunction.XdpGetBuffLen, BpfFunction.XdpLoadBytes], ignoreOrder: true);

    private const int Helper = 0, Kernel = 2; // src_reg of a call: BPF_PSEUDO_CALL is 1, BPF_PSEUDO_KFUNC_CALL 2

    // Calls in sections of code of an object file (elf(5), 64 bits).
    private static List<(int Kind, int Number)> Calls(ReadOnlySpan<byte> elf)
    {
        const int Executable = 4;
        const byte Call = 0x85, LoadOfTwo = 0x18;
        var calls = new List<(int, int)>();
        var (table, size, count) = ((int)BinaryPrimitives.ReadInt64LittleEndian(elf[0x28..]), BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3A..]), BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3C..]));
        for (var section = 0; section < count; section++)
        {
            var header = elf[(table + (section * size))..];
            if ((BinaryPrimitives.ReadInt64LittleEndian(header[8..]) & Executable) == 0)
                continue;
            var code = elf.Slice((int)BinaryPrimitives.ReadInt64LittleEndian(header[24..]), (int)BinaryPrimitives.ReadInt64LittleEndian(header[32..]));
            for (; code.Length >= 8; code = code[(code[0] == LoadOfTwo ? 16 : 8)..])
            {
                if (code[0] == Call)
                    calls.Add((code[1] >> 4, BinaryPrimitives.ReadInt32LittleEndian(code[4..])));
            }
        }

        return calls;
    }
}
