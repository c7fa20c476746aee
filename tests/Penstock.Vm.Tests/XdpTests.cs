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
}
