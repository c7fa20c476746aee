// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>A loaded program by its descriptor, which it owns.</summary>
public sealed unsafe class BpfProgram : IDisposable
{
    private readonly FileDescriptor _fd;

    internal BpfProgram(int fd)
    {
        _fd = new FileDescriptor(fd);
        Info = BpfInfo.OfProgram(fd);
    }

    /// <summary>What the kernel knows of it.</summary>
    public BpfProgramInfo Info { get; }

    /// <summary>The descriptor.</summary>
    public int Fd => _fd.Number;

    /// <summary>Opens a pinned program; null when nothing is there.</summary>
    /// <exception cref="BpfException">What is there can't be opened.</exception>
    public static BpfProgram? OpenPinned(string path)
    {
        var fd = Libbpf.bpf_obj_get(path);
        return fd == -(int)Errno.ENOENT ? null : new BpfProgram(BpfException.Check(fd, $"open {path}"));
    }

    /// <summary>Opens a program by its number in the kernel.</summary>
    public static BpfProgram OpenById(uint id) => new(BpfException.Check(Libbpf.bpf_prog_get_fd_by_id(id), $"open program {id}"));

    /// <summary>Makes it outlive the process, under a path in a bpffs.</summary>
    public void Pin(string path) => BpfException.Check(Libbpf.bpf_obj_pin(Fd, path), $"pin program {Info.Name} at {path}");

    /// <summary>Runs it on a packet (BPF_PROG_TEST_RUN), whose bytes afterwards go to <paramref name="output"/>.</summary>
    /// <param name="packet">At least 14 bytes: an Ethernet frame.</param>
    /// <param name="output">Room for the packet afterwards.</param>
    /// <param name="context">A <c>struct xdp_md</c> or the like; empty: none, which means the loopback interface.</param>
    /// <param name="repeat">How often, each time on what the time before left.</param>
    /// <exception cref="BpfException">ENOSPC: the output has too little room.</exception>
    public BpfTestRun TestRun(ReadOnlySpan<byte> packet, Span<byte> output, ReadOnlySpan<byte> context = default, int repeat = 1)
    {
        fixed (byte* dataIn = packet)
        fixed (byte* dataOut = output)
        fixed (byte* contextIn = context)
        {
            var options = new Libbpf.TestRunOptions
            {
                Size = (nuint)sizeof(Libbpf.TestRunOptions),
                DataIn = dataIn,
                DataInLength = (uint)packet.Length,
                DataOut = dataOut,
                DataOutLength = (uint)output.Length,
                ContextIn = contextIn,
                ContextInLength = (uint)context.Length,
                Repeat = repeat,
            };
            BpfException.Check(Libbpf.bpf_prog_test_run_opts(Fd, &options), $"run program {Info.Name}");
            return new BpfTestRun(options.ReturnValue, (int)options.DataOutLength, options.Duration);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();
}
