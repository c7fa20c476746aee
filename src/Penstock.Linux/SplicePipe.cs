// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux;

/// <summary>A pipe(7) that splice(2) moves bytes through, from one socket to another, without a copy into this process.</summary>
public sealed unsafe class SplicePipe : IDisposable
{
    private const int NonBlockingCloseOnExec = 0x800 | 0x80000; // O_NONBLOCK | O_CLOEXEC
    private const int SetSize = 1031, GetSize = 1032;           // F_SETPIPE_SZ, F_GETPIPE_SZ
    private const int UsualBytes = 64 << 10;                    // with less, moves cost more than copies
    private const uint MoveNonBlocking = 1 | 2;                 // SPLICE_F_MOVE | SPLICE_F_NONBLOCK

    private readonly int _read;
    private readonly int _write;

    private SplicePipe(int read, int write) => (_read, _write) = (read, write);

    /// <summary>Makes one; null: no descriptor is left, the <see cref="DescriptorReserve"/> aside, or this user may have none that holds 64 KiB.</summary>
    /// <param name="bytes">What it is to hold; less where the kernel lets this user have no more (<c>fs.pipe-max-size</c>, <c>fs.pipe-user-pages-soft</c>). 0: what pipes hold.</param>
    public static SplicePipe? TryCreate(int bytes = 0)
    {
        var ends = stackalloc int[2];
        if (Libc.pipe2(ends, NonBlockingCloseOnExec) != 0)
            return null;
        if (bytes > 0)
            _ = Libc.fcntl(ends[0], SetSize, bytes);
        var pipe = new SplicePipe(ends[0], ends[1]);
        if (Math.Max(ends[0], ends[1]) < DescriptorReserve.Ceiling && Libc.fcntl(ends[0], GetSize, 0) >= UsualBytes)
            return pipe;
        pipe.Dispose();
        return null;
    }

    /// <summary>
    /// Takes bytes from a socket; zero is the end of its stream, EAGAIN means that the socket has none or the pipe no room. Either is said too where the next byte is
    /// TCP's urgent one, which splice(2) never takes: see <see cref="SocketCalls.IsAtUrgent"/>.
    /// </summary>
    /// <param name="socket">The socket.</param>
    /// <param name="bytes">At most.</param>
    public IoResult Fill(int socket, int bytes) => IoResult.Of(Libc.splice(socket, null, _write, null, (nuint)bytes, MoveNonBlocking));

    /// <summary>Gives bytes to a socket; EAGAIN means that it takes none now.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="bytes">At most; more than the pipe holds is no error.</param>
    public IoResult Drain(int socket, int bytes) => IoResult.Of(Libc.splice(_read, null, socket, null, (nuint)bytes, MoveNonBlocking));

    /// <summary>Whether an error of <see cref="Fill"/> says that this kernel, or who runs this, may not splice(2) from the socket, which itself is well: bytes have to be copied.</summary>
    public static bool IsRefusal(Errno error) => error is Errno.EINVAL or Errno.ENOSYS or Errno.EPERM or Errno.ENOMEM; // None is what a TCP socket itself fails with.

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = Libc.close(_read);
        _ = Libc.close(_write);
    }
}
