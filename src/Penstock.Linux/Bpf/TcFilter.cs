// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>
/// A place for a program at an interface's qdisc <c>clsact</c> (tc-bpf(8), Linux 4.5). What is there outlives the process, without a pin.
/// </summary>
/// <param name="interfaceIndex">The interface.</param>
/// <param name="priority">Order among filters, the lowest first.</param>
/// <param name="handle">Number among those of one priority.</param>
public sealed unsafe class TcFilter(int interfaceIndex, ushort priority, uint handle)
{
    private const uint ReplaceFlag = 1; // BPF_TC_F_REPLACE

    /// <summary>Gives an interface its qdisc.</summary>
    /// <returns>False: it had it.</returns>
    /// <exception cref="BpfException">It can't have one.</exception>
    public static bool CreateQdisc(int interfaceIndex)
    {
        LibbpfLog.Install();
        var hook = Hook(interfaceIndex, TcDirection.Ingress | TcDirection.Egress);
        var result = Libbpf.bpf_tc_hook_create(&hook);
        return result != -(int)Errno.EEXIST && BpfException.Check(result, $"give interface {interfaceIndex} the qdisc clsact") == 0;
    }

    /// <summary>Takes the qdisc off an interface, and every filter with it.</summary>
    /// <exception cref="BpfException">It can't be taken off.</exception>
    public static void DeleteQdisc(int interfaceIndex)
    {
        LibbpfLog.Install();
        var hook = Hook(interfaceIndex, TcDirection.Ingress | TcDirection.Egress);
        BpfException.Check(Libbpf.bpf_tc_hook_destroy(&hook), $"take the qdisc clsact off interface {interfaceIndex}");
    }

    /// <summary>The program that is there, by its number in the kernel; null: none.</summary>
    public uint? Query(TcDirection direction)
    {
        LibbpfLog.Install();
        var hook = Hook(interfaceIndex, direction);
        var options = Options();
        return Libbpf.bpf_tc_query(&hook, &options) == 0 ? options.ProgramId : null;
    }

    /// <summary>Puts a program there, in place of what is there: each packet meets the one or the other.</summary>
    /// <exception cref="BpfException">The interface has no such qdisc, or the kernel refuses.</exception>
    public void Attach(TcDirection direction, BpfProgram program)
    {
        LibbpfLog.Install();
        var hook = Hook(interfaceIndex, direction);
        var options = Options();
        (options.ProgramFd, options.Flags) = (program.Fd, ReplaceFlag);
        BpfException.Check(Libbpf.bpf_tc_attach(&hook, &options), $"attach {program.Info.Name} to the qdisc clsact of interface {interfaceIndex}");
    }

    /// <summary>Takes away what is there.</summary>
    /// <exception cref="BpfException">It can't be taken away.</exception>
    public void Detach(TcDirection direction)
    {
        LibbpfLog.Install();
        var hook = Hook(interfaceIndex, direction);
        var options = Options();
        BpfException.Check(Libbpf.bpf_tc_detach(&hook, &options), $"take a program off the qdisc clsact of interface {interfaceIndex}");
    }

    private static Libbpf.TcHook Hook(int interfaceIndex, TcDirection direction) =>
        new() { Size = (nuint)sizeof(Libbpf.TcHook), InterfaceIndex = interfaceIndex, AttachPoint = (int)direction };

    private Libbpf.TcOptions Options() => new() { Size = (nuint)sizeof(Libbpf.TcOptions), Handle = handle, Priority = priority };
}
