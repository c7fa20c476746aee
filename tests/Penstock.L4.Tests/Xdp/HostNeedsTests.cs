// SPDX-License-Identifier: Apache-2.0
using Penstock.L4.Xdp;
using Penstock.Linux;
using Penstock.Linux.Bpf;

namespace Penstock.L4.Tests.Xdp;

public sealed class HostNeedsTests
{
    private const Capabilities All = Capabilities.Bpf | Capabilities.Perfmon | Capabilities.NetAdmin;

    [Theory]
    [InlineData(All)]
    [InlineData(Capabilities.SysAdmin | Capabilities.NetAdmin)]
    [InlineData(null)]
    public void Require_EnoughRights_AreTaken(Capabilities? rights) => Should.NotThrow(() => HostNeeds.Require(rights, true, _ => true));

    [Theory]
    [InlineData(Capabilities.None, "the daemon lacks the rights CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN: run it as root")]
    [InlineData(Capabilities.Bpf | Capabilities.Perfmon, "the daemon lacks the rights CAP_NET_ADMIN: run it as root")]
    [InlineData(Capabilities.SysAdmin, "the daemon lacks the rights CAP_NET_ADMIN: run it as root")]
    [InlineData(Capabilities.NetAdmin | Capabilities.Bpf, "the daemon lacks the rights CAP_PERFMON: run it as root")]
    public void Require_TooFewRights_NamesThem(Capabilities rights, string message) =>
        Should.Throw<L4ApplyException>(() => HostNeeds.Require(rights, true, _ => true)).Message.ShouldContain(message);

    [Fact]
    public void Require_OldKernel_IsRefusedWithWhatItLacks() =>
        Should.Throw<L4ApplyException>(() => HostNeeds.Require(All, true, helper => helper != BpfFunction.CheckMtu)).Message
            .ShouldBe("l4: this kernel is too old for engine xdp, which needs Linux 5.15 or newer: XDP has no CheckMtu here");

    [Fact]
    public void Require_KernelWithoutTypes_IsRefused() =>
        Should.Throw<L4ApplyException>(() => HostNeeds.Require(All, false, _ => true)).Message.ShouldContain("CONFIG_DEBUG_INFO_BTF");

    [Fact]
    public void Lacks_OfAKernelBefore518_NamesWhatIsNotDone()
    {
        HostNeeds.Lacks(_ => true).ShouldBeEmpty();
        HostNeeds.Lacks(helper => helper < BpfFunction.XdpGetBuffLen).Count().ShouldBe(2);
        HostNeeds.Lacks(helper => helper != BpfFunction.XdpLoadBytes).Single().ShouldStartWith("this kernel's XDP has no XdpLoadBytes: captures take no packets");
    }

    [Fact]
    public void Explain_KnownFailures_SayWhatToDo()
    {
        Explain(new BpfException("create map flows", Errno.EPERM)).ShouldContain("CAP_PERFMON and CAP_NET_ADMIN");
        Explain(new BpfException("pin map rings at /p/rings", Errno.ENOSPC)).ShouldEndWith("the bpffs that holds /p is full");
        Explain(new BpfException("create map flows", Errno.ENOMEM)).ShouldContain("lower flows_per_cpu");
        Explain(new BpfException("pin map rings at /p/rings", Errno.EROFS)).ShouldStartWith("/p is read-only");
        Explain(new BpfException("open /p/program", Errno.EACCES)).ShouldContain("/p is another user's");
        Explain(new UnauthorizedAccessException("no")).ShouldContain("/p is another user's");
        Explain(new DllNotFoundException("x")).ShouldContain("libbpf1");
        Explain(new BpfException("load xdp_lb", Errno.EACCES, "R1 invalid mem access")).ShouldContain("R1 invalid mem access");

        static string Explain(Exception error) => HostNeeds.Explain(error, "/p");
    }
}
