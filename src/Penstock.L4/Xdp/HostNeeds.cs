// SPDX-License-Identifier: Apache-2.0
using System.ComponentModel;
using Penstock.Linux;
using Penstock.Linux.Bpf;
using Penstock.Linux.Netlink;

namespace Penstock.L4.Xdp;

/// <summary>What the engine needs of the host, and what to do where the host lacks it.</summary>
internal static class HostNeeds
{
    private const string Rights = "run it as root, or give it CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN";

    // bpf_check_mtu is the youngest that everything is made of.
    private static readonly BpfFunction[] s_needed = [BpfFunction.FibLookup, BpfFunction.SkcLookupTcp, BpfFunction.TcpGenSyncookie, BpfFunction.Jiffies64, BpfFunction.RingbufOutput, BpfFunction.SkcToTcpSock, BpfFunction.CheckMtu];

    private static readonly (BpfFunction Helper, string Without)[] s_used =
    [
        (BpfFunction.XdpGetBuffLen, "frames larger than a page are not balanced (Linux 5.18 has what that takes)"),
        (BpfFunction.XdpLoadBytes, "captures take no packets (Linux 5.18 has what that takes)"),
    ];

    /// <summary>Fails where the host can't do what the engine is made of.</summary>
    /// <param name="rights">The process's; null: not known.</param>
    /// <param name="types">Whether the kernel describes its types.</param>
    /// <param name="has">Whether the kernel has a helper.</param>
    /// <exception cref="L4ApplyException">It can't.</exception>
    public static void Require(Capabilities? rights, bool types, Func<BpfFunction, bool> has)
    {
        if (rights is { } given && Missing(given) is { Length: > 0 } missing)
            throw new L4ApplyException($"l4: the daemon lacks the rights {string.Join(", ", missing)}: {Rights}");
        if (!types)
            throw new L4ApplyException("l4: engine xdp needs a kernel that describes its types (CONFIG_DEBUG_INFO_BTF, as those of distributions do): /sys/kernel/btf/vmlinux is not there");
        if (Array.FindAll(s_needed, helper => !has(helper)) is { Length: > 0 } lacking)
            throw new L4ApplyException($"l4: this kernel is too old for engine xdp, which needs Linux 5.15 or newer: XDP has no {string.Join(", ", lacking)} here");
    }

    /// <summary>What the engine does without on this kernel, a line for people each.</summary>
    /// <param name="has">Whether the kernel has a helper.</param>
    public static IEnumerable<string> Lacks(Func<BpfFunction, bool> has) =>
        s_used.Where(used => !has(used.Helper)).Select(used => $"this kernel's XDP has no {used.Helper}: {used.Without}");

    /// <summary>Whether a failure is the host's, which a changed host, configuration or another try may mend.</summary>
    public static bool IsFault(Exception error) =>
        error is BpfException or XdpFullException or IOException or UnauthorizedAccessException or DllNotFoundException or Win32Exception or NetlinkException;

    /// <summary>What went wrong on the host, with what to do about it where that is known.</summary>
    /// <param name="error">The failure.</param>
    /// <param name="pins">The folder of the pins.</param>
    public static string Explain(Exception error, string pins) => error switch
    {
        DllNotFoundException => "libbpf.so.1 is not there: install libbpf 1 (Debian: libbpf1)",
        BpfException { Error: Errno.EPERM or Errno.EACCES } when IsOfPins(error) => Foreign(error, pins),
        BpfException { Error: Errno.EPERM or Errno.EACCES, Log: "" } => $"{FirstLine(error)}: {Rights}",
        BpfException { Error: Errno.EROFS } => ReadOnly(pins),
        BpfException { Error: Errno.ENOSPC } when error.Message.StartsWith("pin ", StringComparison.Ordinal) => $"{FirstLine(error)}: the bpffs that holds {pins} is full",
        BpfException { Error: Errno.ENOMEM } => $"{FirstLine(error)}: the maps are larger than memory allows: lower flows_per_cpu, or raise the unit's memory limit",
        UnauthorizedAccessException => Foreign(error, pins),
        IOException when (error.HResult & 0xFFFF) == (int)Errno.EROFS => ReadOnly(pins),
        _ => error.Message,
    };

    private static string[] Missing(Capabilities given)
    {
        if (given.HasFlag(Capabilities.SysAdmin))
            given |= Capabilities.Bpf | Capabilities.Perfmon;
        return ProcessRights.Names((Capabilities.Bpf | Capabilities.Perfmon | Capabilities.NetAdmin) & ~given);
    }

    private static string ReadOnly(string pins) => $"{pins} is read-only: mount its bpffs writable (mount -o remount,rw), or give l4.pins another folder";

    private static bool IsOfPins(Exception error) => error.Message.StartsWith("open ", StringComparison.Ordinal) || error.Message.StartsWith("pin ", StringComparison.Ordinal);

    private static string Foreign(Exception error, string pins) => $"{FirstLine(error)}: {pins} is another user's: let it belong to the daemon's, or give l4.pins another folder";

    private static string FirstLine(Exception error) => error.Message.Split('\n')[0];
}
