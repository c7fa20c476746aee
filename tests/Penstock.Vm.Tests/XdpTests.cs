// SPDX-License-Identifier: Apache-2.0
using Penstock.Vm.Tests.Harness;

namespace Penstock.Vm.Tests;

/// <summary>The XDP programs and Debian's kernel, whose verifier refuses what later ones take.</summary>
[Collection(GuestCollection.Name)]
public sealed class XdpTests(Guest guest)
{
    [VmFact]
    public async Task Programs_AreTakenByTheVerifier()
    {
        foreach (var (program, type) in ((string, string)[])[("xdp_lb", "xdp"), ("decap", "xdp"), ("probe", "classifier")])
        {
            await guest.RunAsync(
                $"bpftool prog loadall {Guest.Root}/out/bpf/{program}.bpf.o /sys/fs/bpf/{program} type {type} >/tmp/{program}.log 2>&1 || {{ grep -v '^[;0-9]' /tmp/{program}.log | head -n 40; exit 1; }}; rm -r /sys/fs/bpf/{program}");
        }
    }

    [VmFact]
    public async Task ProgramWithoutFeatures_IsTakenByTheVerifier()
    {
        // settings.features, and what follows it in bpf/include/maps.h: flow_sets and cpus.
        await guest.RunAsync(
            $$"""
            cp {{Guest.Root}}/out/bpf/xdp_lb.bpf.o /tmp/plain.bpf.o
            at=$(LC_ALL=C grep -obUaP '\x3f\0\0\0\0\x04\0\0\x01\0\0\0' /tmp/plain.bpf.o | cut -d : -f 1)
            printf '\0' | dd of=/tmp/plain.bpf.o bs=1 seek=$at conv=notrunc status=none
            bpftool prog loadall /tmp/plain.bpf.o /sys/fs/bpf/plain type xdp >/tmp/plain.log 2>&1 || { grep -v '^[;0-9]' /tmp/plain.log | head -n 40; exit 1; }
            rm -r /sys/fs/bpf/plain
            """);
    }
}
