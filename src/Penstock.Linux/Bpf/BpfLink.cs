// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>What holds an XDP program on an interface: while it is open or pinned, the program runs.</summary>
public sealed unsafe class BpfLink : IDisposable
{
    private const int AttachXdpType = 37; // BPF_XDP of enum bpf_attach_type

    private readonly FileDescriptor _fd;

    private BpfLink(int fd) => _fd = new FileDescriptor(fd);

    /// <summary>What the kernel knows of it now.</summary>
    public BpfLinkInfo Info => BpfInfo.OfLink(_fd.Number);

    /// <summary>Puts a program on an interface.</summary>
    /// <exception cref="BpfException">EBUSY: another one is there. EOPNOTSUPP: the driver has no native XDP. ERANGE: the MTU is too large.</exception>
    public static BpfLink AttachXdp(BpfProgram program, int interfaceIndex, XdpMode mode)
    {
        var options = new Libbpf.LinkCreateOptions { Size = (nuint)sizeof(Libbpf.LinkCreateOptions), Flags = (uint)mode };
        return new BpfLink(BpfException.Check(
            Libbpf.bpf_link_create(program.Fd, interfaceIndex, AttachXdpType, &options),
            $"attach {program.Info.Name} to interface {interfaceIndex}, {mode.ToString().ToLowerInvariant()} XDP"));
    }

    /// <summary>Opens a pinned link; null when nothing is there.</summary>
    /// <exception cref="BpfException">What is there can't be opened.</exception>
    public static BpfLink? OpenPinned(string path)
    {
        var fd = Libbpf.bpf_obj_get(path);
        return fd == -(int)Errno.ENOENT ? null : new BpfLink(BpfException.Check(fd, $"open {path}"));
    }

    /// <summary>Puts another program in place of the one that runs: each packet meets the one or the other.</summary>
    public void Update(BpfProgram program) =>
        BpfException.Check(Libbpf.bpf_link_update(_fd.Number, program.Fd, 0), $"put {program.Info.Name} into the link");

    /// <summary>Makes it outlive the process, under a path in a bpffs.</summary>
    public void Pin(string path) => BpfException.Check(Libbpf.bpf_obj_pin(_fd.Number, path), $"pin link at {path}");

    /// <summary>Takes the program off the interface, whoever else holds the link.</summary>
    public void Detach() => BpfException.Check(Libbpf.bpf_link_detach(_fd.Number), "detach link");

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();
}
